// node run.js MODULES JOBS.json: runs each job's model on its examples in ONNX Runtime, and writes the outputs.
const fs = require("fs"), path = require("path");
const ort = require(path.join(process.argv[2], "onnxruntime-node"));

// floats are the numbers of a file.
const floats = (file) => {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};

(async () => {
  for (const job of JSON.parse(fs.readFileSync(process.argv[3]))) {
    try {
      const session = await ort.InferenceSession.create(job.model);
      const { y } = await session.run({ x: new ort.Tensor("float32", floats(job.x), job.shape) });
      fs.writeFileSync(job.y, Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
    } catch (e) {
      fs.writeFileSync(job.y + ".error", String(e));
    }
  }
})();
