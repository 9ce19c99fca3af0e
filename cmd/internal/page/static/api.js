// The JSON API of the program that serves this page: docs/serve.md describes it.

async function call(method, path, body, type) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.body = type ? body : JSON.stringify(body);
    options.headers["Content-Type"] = type || "application/json";
  }
  let response;
  try {
    response = await fetch("/api/" + path, options);
  } catch {
    throw new Error("The program does not answer; is it still running?");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

export const get = (path) => call("GET", path);
export const post = (path, body, type) => call("POST", path, body, type);
export const remove = (path) => call("DELETE", path);

/** query is an object as the query of an address; lists repeat their key. */
export function query(fields) {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(fields)) {
    for (const v of [value].flat()) q.append(key, v);
  }
  return q.toString();
}

/**
 * follow reports a run's events until the function that it returns is called: event(e) for each line of its metrics, status(text), and
 * restart() when the run went back to a checkpoint, so that all events come again.
 */
export function follow(id, { event, status, restart }) {
  let source;
  const open = () => {
    restart();
    source = new EventSource(`/api/runs/${encodeURIComponent(id)}/events`);
    source.onmessage = (m) => event(JSON.parse(m.data));
    source.addEventListener("status", (m) => status(JSON.parse(m.data)));
    source.addEventListener("restart", restart);
    source.addEventListener("over", () => source.close());
    source.onopen = restart; // after a lost connection, all events come again
  };
  open();
  return () => source.close();
}
