package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stheno-ml/stheno/cmd/internal/rundir"
	"github.com/stheno-ml/stheno/internal/intake"
)

func (a *app) listCommand() *cobra.Command {
	var runs string
	var json bool
	cmd := &cobra.Command{
		Use:   "ls [flags]",
		Short: "List the runs, the newest first",
		Long: wrap("List the runs, the newest first. A run that is killed, by the system or a power cut, goes on with train --resume RUN, as "+
			"an interrupted one does. A folder that is not a whole run is broken.", 100),
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			entries, err := rundir.List(runs)
			if err != nil {
				return err
			}
			if json {
				return a.listJSON(entries)
			}
			if len(entries) == 0 {
				fmt.Fprintf(a.err, "no runs in %s yet; %s train mlp makes one\n", runs, commandName())
				return nil
			}
			a.listTable(entries)
			for _, e := range entries {
				if e.Info.Status == rundir.Killed {
					fmt.Fprintf(a.err, "%s\n", intake.Line(fmt.Sprintf("%s was killed; go on with: %s train --resume %s", e.Path, commandName(), shellWord(e.Path))))
				}
			}
			return nil
		},
	}
	set := cmd.Flags()
	set.StringVar(&runs, "runs", "runs", "`DIR` of the runs' folders")
	set.BoolVar(&json, "json", false, "a JSON object for each run")
	return cmd
}

const broken = "broken"

func (a *app) listTable(entries []rundir.Entry) {
	var t table
	t.add("run", "status", "model", "best val", "epoch", "test", "started")
	for _, e := range entries {
		if e.Err != nil {
			t.add(e.Path, broken, "", "", "", "", "")
			continue
		}
		var val, epoch, test string
		if b := e.Info.Best; b != nil {
			val, epoch = "-", fmt.Sprint(b.Epoch)
			if b.ValAcc != nil {
				val = percent(*b.ValAcc)
			}
		}
		switch r := e.Info.Test; {
		case r == nil:
		case r.R2 != nil:
			test = fmt.Sprintf("R² %.4f", *r.R2)
		case r.Loss == 0:
			test = percent(fraction(r.Correct, r.Total))
		}
		t.add(e.Path, string(e.Info.Status), e.Info.Model, val, epoch, test, e.Info.Started.Local().Format("2006-01-02 15:04"))
	}
	t.print(a.out)
}

func (a *app) listJSON(entries []rundir.Entry) error {
	var list []object
	for _, e := range entries {
		if e.Err != nil {
			list = append(list, object{{"run", e.Path}, {"status", broken}, {"error", e.Err.Error()}})
			continue
		}
		i := e.Info
		list = append(list, object{
			{"run", e.Path}, {"status", i.Status}, {"model", i.Model}, {"seed", i.Seed}, {"best", i.Best}, {"test", i.Test},
			{"started", i.Started},
		})
	}
	return printJSON(a.out, list...)
}
