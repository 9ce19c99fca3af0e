package models

// former has the names that models used to have, and their names today. Runs, results and scripts still say the old ones.
var former = map[string]string{
	"single": CNNCycle.Name, "first": CNNSteady.Name, "second": CNN5x5.Name, "third": CNN7x7.Name, "fourth": CNNNoPool.Name,
	"second-whole": CNN5x5.Name + "-whole", "second-cycle": CNN5x5.Name + "-cycle",
}

// Current is what a model of that name is called today: the name itself, unless the catalogue has renamed the model.
func Current(name string) string {
	if now, ok := former[name]; ok {
		return now
	}
	return name
}
