package dataset

// Schema is all that a network must know of its data: what an example is, what becomes of it before the network sees it, and what the outputs
// mean. A run keeps it as JSON, and so repeats it bit for bit. The zero Schema is that of a run from before there were any: images of bytes.
type Schema struct {
	Kind     string   `json:"kind"`               // digits, images, pictures or table
	Input    []int    `json:"input"`              // the shape of an example: (inputs) of a table, (channels, rows, columns) of images
	Bytes    bool     `json:"bytes,omitempty"`    // inputs are byte/256
	Columns  []Column `json:"columns,omitempty"`  // of a table, without the targets
	Channels []Scale  `json:"channels,omitempty"` // of what is no table and no bytes: standardized channel by channel
	Classes  []string `json:"classes,omitempty"`  // the names of classes, in the order of the outputs; nil: the targets are numbers
	Targets  []string `json:"targets,omitempty"`  // the names of what is predicted, in the order of the outputs; of classes, the one name
}

// Scale is how a number x becomes a network's input: (x-Mean)/Deviation.
type Scale struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

// Column is a column of a table that is an input: of numbers, or of texts, each of which has an input that is 1 where the text stands
// and 0 elsewhere.
type Column struct {
	Name  string    `json:"name"`
	Texts []string  `json:"texts,omitempty"` // in the order of the inputs; nil: numbers
	Base  float64   `json:"base,omitempty"`  // is subtracted from numbers before they become float32
	Scale Scale     `json:"scale"`           // of a number after that
	Fill  []float32 `json:"fill,omitempty"`  // the inputs where the cell is missing; nil: that is an error
}

// Kinds of data.
const (
	Digits   = "digits"   // MNIST's layout, 28×28: pictures are to be framed as MNIST's are
	Images   = "images"   // other numbers or bytes, from IDX and NumPy files
	Pictures = "pictures" // PNG and JPEG files
	Table    = "table"    // a CSV file
)
