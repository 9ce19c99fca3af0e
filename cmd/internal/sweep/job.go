package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Slurm is a job file with a task for each trial. The tasks run the command, words for a shell, in the folder of sbatch.
func (s *Sweep) Slurm(command []string) string {
	job := s.Name + ".slurm"
	return fmt.Sprintf(`#!/bin/bash
# The %d trials of a sweep, each a task of a Slurm array. Submit it in this folder, with: sbatch %s
# Submit it again to continue what was interrupted; a task whose trial is done ends at once.
%s#SBATCH --job-name=%s
#SBATCH --array=0-%d
#SBATCH --output=%[4]s-%%A_%%a.log
#SBATCH --cpus-per-task=1
#SBATCH --mem=1G
#SBATCH --time=01:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
# FILL IN, where your cluster asks for them, and take one # away:
##SBATCH --account=ACCOUNT
##SBATCH --partition=PARTITION

exec %[6]s
`, len(s.Trials), job, s.again("job=$(sbatch --parsable "+job+"); "+s.times("job=$(sbatch --parsable --dependency=afterany:$job "+job+")")), s.Name, len(s.Trials)-1, strings.Join(command, " "))
}

// again says how often to submit a job with several stages.
func (s *Sweep) again(how string) string {
	if s.Stages() == 1 {
		return ""
	}
	return fmt.Sprintf("# Halving has %d stages, and each stage waits for the one before. Submit the job %[1]d times, one after the other:\n#   %[2]s\n", s.Stages(), how)
}

// times is a shell loop for all stages after the first.
func (s *Sweep) times(command string) string {
	var stages []string
	for i := range s.Stages() - 1 {
		stages = append(stages, fmt.Sprint(i+2))
	}
	return fmt.Sprintf("for stage in %s; do %s; done", strings.Join(stages, " "), command)
}

// Kubernetes is a job with a pod for each trial, and the files that it needs, including the sweep's own. The runs are in
// /runs.
func (s *Sweep) Kubernetes(file string, text []byte) (string, error) {
	files := map[string][]byte{file: text}
	maps.Copy(files, s.Files)
	config, err := configData(files)
	if err != nil {
		return "", err
	}
	name := label(s.Name)
	return fmt.Sprintf(`# The %d trials of a sweep, each a pod of an indexed Job. Start it with: kubectl apply -f FILE
# To continue what was interrupted: kubectl delete job %s, and apply it again; a pod whose trial is done ends at once.
%sapiVersion: v1
kind: ConfigMap
metadata:
  name: %[2]s
data:
%[4]s---
apiVersion: batch/v1
kind: Job
metadata:
  name: %[2]s
spec:
  completionMode: Indexed
  completions: %[1]d
  parallelism: %[1]d
  backoffLimitPerIndex: 4
  podReplacementPolicy: Failed
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 60
      containers:
      - name: stheno
        image: IMAGE  # FILL IN: an image with stheno in it
        workingDir: /sweep
        command: ["stheno", "sweep", %[5]q, "--runs", "/runs"]
        resources:
          requests:
            cpu: "1"
            memory: 1Gi
        volumeMounts:
        - name: sweep
          mountPath: /sweep
          readOnly: true
        - name: runs
          mountPath: /runs
      volumes:
      - name: sweep
        configMap:
          name: %[2]s
      - name: runs
        persistentVolumeClaim:
          claimName: CLAIM  # FILL IN: a claim that many pods may write, ReadWriteMany
`, len(s.Trials), name, s.again("kubectl apply -f FILE; "+s.times("kubectl wait --for=condition=complete --timeout=24h job/"+name+" && kubectl delete job "+name+" && kubectl apply -f FILE")),
		config, file), nil
}

// configData are files as the data of a ConfigMap.
func configData(files map[string][]byte) (string, error) {
	var data strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			return "", fmt.Errorf("%s: Kubernetes takes no folders for such files, and only names of letters, digits, - _ and .; put it beside the sweep, or rename it", name)
		}
		if err := printable(files[name]); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&data, "  %s: |2\n", name)
		for line := range bytes.Lines(files[name]) {
			if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
				fmt.Fprintf(&data, "    %s", line)
			}
			data.WriteByte('\n')
		}
	}
	return data.String(), nil
}

// printable is an error for a text that YAML cannot hold.
func printable(text []byte) error {
	for _, c := range bytes.Runes(text) {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f || c == 0xfffd || c == 0xfeff {
			return errors.New("characters that do not print; leave them out")
		}
	}
	return nil
}

// label is a name for Kubernetes: lower-case letters, digits and hyphens, with room for a pod's number behind it.
func label(name string) string {
	const most = 50
	words := strings.FieldsFunc(strings.ToLower(name), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	s := "sweep-" + strings.Join(words, "-")
	return strings.TrimRight(s[:min(len(s), most)], "-")
}
