package sweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// jobs are a sweep of three trials, and one with a halving in two stages.
func jobs(t *testing.T) (plain, halved *Sweep) {
	t.Helper()
	plain = &Sweep{Name: "My_3", Axes: []Axis{{"model", List{"mlp", "net.toml"}}, {"eta", List{"1", "2", "3"}}}, Seeds: List{"1"}, Files: map[string][]byte{
		"net.toml": []byte("  # begins with spaces\r\nformat = 1\n\n\tname = 'ä: \"#'"),
	}}
	halved = &Sweep{Name: "h", Axes: []Axis{{"eta", List{"1", "2", "3"}}}, Seeds: List{"1"}, Halving: 2}
	for _, s := range []*Sweep{plain, halved} {
		if err := s.Plan(); err != nil {
			t.Fatal(err)
		}
		for i := range s.Trials {
			s.Trials[i].Epochs = 4
		}
	}
	return plain, halved
}

func TestSlurm(t *testing.T) {
	plain, halved := jobs(t)
	for name, s := range map[string]*Sweep{"plain": plain, "halved": halved} {
		text := s.Slurm([]string{"stheno", "sweep", "'a b.toml'", "--runs", "runs"})
		path := filepath.Join(t.TempDir(), "job")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("bash", "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, text)
		}
		// Slurm reads options until the first command.
		options, command, _ := strings.Cut(text, "\nexec ")
		for _, want := range []string{"#!/bin/bash\n", fmt.Sprintf("\n#SBATCH --array=0-%d\n", len(s.Trials)-1), "\n#SBATCH --job-name=" + s.Name + "\n", "\n#SBATCH --signal=B:TERM@60\n", "\n##SBATCH --account=ACCOUNT\n"} {
			if !strings.Contains(options, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		if command != "stheno sweep 'a b.toml' --runs runs\n" {
			t.Errorf("%s: %s", name, command)
		}
		again := "Submit the job 2 times, one after the other:\n#   job=$(sbatch --parsable h.slurm); for stage in 2; do job=$(sbatch --parsable --dependency=afterany:$job h.slurm); done\n"
		if strings.Contains(text, again) != (s == halved) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

// The Job has fields of batch/v1 only, of the right types, and all that are required; and the files are as they were.
func TestKubernetes(t *testing.T) {
	plain, _ := jobs(t)
	own := []byte("format = 1\nmodel = ['mlp', 'net.toml']\n")
	text, err := plain.Kubernetes("s.toml", own)
	if err != nil {
		t.Fatal(err)
	}
	var config, job map[string]any
	d := yaml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&config); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&job); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(new(any)); err != io.EOF {
		t.Errorf("%v behind the job", err)
	}
	var schema any
	file, err := os.ReadFile("testdata/job.json")
	if err == nil {
		err = json.Unmarshal(file, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	fits(t, "job", schema, job)
	data := config["data"].(map[string]any)
	if len(data) != 2 || data["s.toml"] != string(own) || data["net.toml"] != strings.ReplaceAll(string(plain.Files["net.toml"]), "\r", "")+"\n" {
		t.Errorf("%q", data)
	}
	spec := job["spec"].(map[string]any)
	if spec["completions"] != 6 || spec["completionMode"] != "Indexed" || config["kind"] != "ConfigMap" || config["apiVersion"] != "v1" {
		t.Errorf("%v", job)
	}
	name := config["metadata"].(map[string]any)["name"]
	pod := spec["template"].(map[string]any)["spec"].(map[string]any)
	volumes := fmt.Sprint(pod["volumes"])
	for _, m := range pod["containers"].([]any)[0].(map[string]any)["volumeMounts"].([]any) {
		if !strings.Contains(volumes, fmt.Sprintf("name:%v", m.(map[string]any)["name"])) {
			t.Errorf("no volume for %v", m)
		}
	}
	if name != "sweep-my-3" || !strings.Contains(volumes, fmt.Sprintf("configMap:map[name:%v]", name)) || strings.Count(text, "# FILL IN: ") != 2 {
		t.Errorf("%s", text)
	}
	for _, bad := range []struct{ name, text, want string }{
		{"nets/a.toml", "", "nets/a.toml: Kubernetes takes no folders for such files"}, {"a b.toml", "", "or rename it"}, {"a.toml", "\x00", "a.toml: characters that do not print"},
		{"a.toml", "\xff", "do not print"},
	} {
		plain.Files = map[string][]byte{bad.name: []byte(bad.text)}
		if _, err := plain.Kubernetes("s.toml", own); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%v; want %s", err, bad.want)
		}
	}
}

// fits compares a value with the schema's: names of types, words to choose from, or what is inside. A key that ends in ! is required.
func fits(t *testing.T, path string, schema, v any) {
	t.Helper()
	switch s := schema.(type) {
	case map[string]any:
		m, ok := v.(map[string]any)
		if !ok {
			t.Errorf("%s: %v is no object", path, v)
		}
		for key, inside := range m {
			kind, ok := s[key]
			if !ok {
				kind, ok = s[key+"!"]
			}
			if !ok {
				t.Errorf("%s has no %s", path, key)
				continue
			}
			fits(t, path+"."+key, kind, inside)
		}
		for key := range s {
			if name, required := strings.CutSuffix(key, "!"); required && m[name] == nil {
				t.Errorf("%s without %s", path, name)
			}
		}
	case []any:
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			t.Errorf("%s: %v is no list", path, v)
		}
		for i, item := range list {
			fits(t, fmt.Sprintf("%s[%d]", path, i), s[0], item)
		}
	case string:
		if !isA(s, v) {
			t.Errorf("%s: %v is no %s", path, v, s)
		}
	}
}

var (
	aLabel    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	aQuantity = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|k|M|G|Ki|Mi|Gi)?$`)
)

func isA(kind string, v any) bool {
	text, isText := v.(string)
	switch kind {
	case "int":
		_, ok := v.(int)
		return ok
	case "bool":
		_, ok := v.(bool)
		return ok
	case "string":
		return isText && text != ""
	case "label":
		return isText && aLabel.MatchString(text)
	case "map", "quantities":
		m, ok := v.(map[string]any)
		for _, x := range m {
			ok = ok && (kind == "map" || aQuantity.MatchString(fmt.Sprint(x)))
		}
		return ok
	}
	return isText && slices.Contains(strings.Split(kind, "|"), text)
}

// The schema finds what is wrong.
func TestSchema(t *testing.T) {
	for kind, bad := range map[string]any{"int": "6", "bool": "true", "label": "My_3", "quantities": map[string]any{"cpu": "one"}, "Indexed|NonIndexed": "indexed", "string": 3} {
		if isA(kind, bad) {
			t.Errorf("%v is a %s", bad, kind)
		}
	}
	if !bytes.Contains([]byte(label(strings.Repeat("ab_", 40))), []byte("ab-ab")) || !aLabel.MatchString(label("_ _")) || len(label(strings.Repeat("x", 99))) > 50 {
		t.Errorf("%s, %s", label(strings.Repeat("ab_", 40)), label("_ _"))
	}
}
