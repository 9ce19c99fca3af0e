package train

import (
	"fmt"
	"math"
)

// A SettingError says what is wrong with a setting of a [Trainer].
type SettingError struct {
	Setting string // its name in files, such as eta
	Err     error
}

func (e *SettingError) Error() string { return e.Err.Error() }

// Unwrap returns the error without the setting's name.
func (e *SettingError) Unwrap() error { return e.Err }

// Field returns the setting's name in files.
func (e *SettingError) Field() string { return e.Setting }

// CheckSettings returns a [*SettingError] for the first setting that is invalid for any data.
func (t *Trainer) CheckSettings() error {
	switch {
	case t.Batch < 1:
		return setting("batch", t.Batch, "use at least 1 image")
	case t.Epochs < 0:
		return setting("epochs", t.Epochs, "use at least 0")
	case t.Patience < 0:
		return setting("patience", t.Patience, "use at least 1 epoch, or 0 for no limit")
	case !(t.Clip >= 0) || math.IsInf(t.Clip, 0):
		return setting("clip", t.Clip, "use a norm above 0, or 0 for no limit")
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
