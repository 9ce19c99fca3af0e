package onnx

func conv(b *body, c call) error {
	attributes, err := c.convolution(c.Args)
	b.end(c, "Conv", attributes, c.x...)
	return err
}

func convTranspose(b *body, c call) error {
	outPad, err := c.ints(0)
	if err != nil {
		return err
	}
	attributes, err := c.convolution(c.Args[1:])
	b.end(c, "ConvTranspose", append(attributes, withInts("output_padding", outPad[0], outPad[0])), c.x...)
	return err
}

// convolution is the attributes of a convolution: stride, pad or pads, and if needed dilation and groups.
func (c call) convolution(args []string) (attributes []attribute, err error) {
	var n [4][]int
	c.Args = args
	for i := range max(2, min(len(n), len(args))) {
		if n[i], err = c.ints(i); err != nil {
			return nil, err
		}
	}
	s, rows, cols := n[0][0], n[1][0], n[1][len(n[1])-1]
	attributes = []attribute{withInts("strides", s, s), withInts("pads", rows, cols, rows, cols)}
	if len(args) > 2 {
		d := n[2][0]
		attributes = append(attributes, withInts("dilations", d, d), withInt("group", n[3][0]))
	}
	return attributes, nil
}
