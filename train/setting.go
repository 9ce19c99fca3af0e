package train

import (
	"fmt"
	"math"
)

// A SettingError says what is wrong with a setting of a [Trainer].
type SettingError struct {
	Setting string // its name in files: eta
	Err     error
}

func (e *SettingError) Error() string { return e.Err.Error() }

// Unwrap is the error without the setting's name.
func (e *SettingError) Unwrap() error { return e.Err }

// Field is the setting's name in files.
func (e *SettingError) Field() string { return e.Setting }

// CheckSettings reports the first setting that no training can have, whatever its data, as a [*SettingError].
func (t *Trainer) CheckSettings() error {
	switch {
	case t.Batch < 1:
		return setting("batch", t.Batch, "use at least 1 image")
	case t.Epochs < 0:
		return setting("epochs", t.Epochs, "use at least 0")
	case t.Patience < 0:
		return setting("patience", t.Patience, "use at least 1 epoch, or 0 for no end of it")
	case !(t.Clip >= 0) || math.IsInf(t.Clip, 0):
		return setting("clip", t.Clip, "the largest norm must be above 0, or 0 for any")
	case !(t.EMA >= 0 && t.EMA < 1):
		return setting("ema", t.EMA, "use at least 0 and less than 1")
	case !(t.Eta > 0) || math.IsInf(t.Eta, 0):
		return setting("eta", t.Eta, "eta must be above 0")
	case !(t.Lambda >= 0) || math.IsInf(t.Lambda, 0):
		return setting("lambda", t.Lambda, "lambda must be at least 0")
	}
	if err := t.Etas.Check(); err != nil {
		return &SettingError{"etas", err}
	}
	if err := check(t.Optimizer); err != nil {
		return &SettingError{"optimizer", err}
	}
	if err := check(t.Schedule); err != nil {
		return &SettingError{"schedule", err}
	}
	return nil
}

func setting[T int | float64](name string, x T, use string) error {
	return &SettingError{name, fmt.Errorf("%s %v; %s", name, x, use)}
}
