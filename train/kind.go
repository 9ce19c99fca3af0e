package train

func (SGD) Kind() string       { return "sgd" }
func (Nesterov) Kind() string  { return "nesterov" }
func (RMSProp) Kind() string   { return "rmsprop" }
func (AdaGrad) Kind() string   { return "adagrad" }
func (AdaDelta) Kind() string  { return "adadelta" }
func (Adam) Kind() string      { return "adam" }
func (AdamW) Kind() string     { return "adamw" }
func (Constant) Kind() string  { return "constant" }
func (Staircase) Kind() string { return "step" }
func (Warmup) Kind() string    { return "warmup" }
func (Cosine) Kind() string    { return "cosine" }
func (OneCycle) Kind() string  { return "onecycle" }
func (Plateau) Kind() string   { return "plateau" }
