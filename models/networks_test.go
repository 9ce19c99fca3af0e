package models_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stheno-ml/stheno/graph"
	"github.com/stheno-ml/stheno/models"
)

// networks are small ones that were published, as a line of text. Where the source, or one that quotes it, has a number of parameters, it is
// there with its digits; PyTorch has counted the others, of the same layers.
var networks = []struct {
	name, source, text string
	input              graph.Shape
	count              int    // parameters
	published          string // "": no number was found, and PyTorch's is count + more
	more               int    // what is counted there beside the parameters here: see why
	why                string
}{
	{"PyTorch's MNIST", "github.com/pytorch/examples, mnist/main.py", "conv(32,3) relu conv(64,3) relu pool(2) dropout(0.25) dense(128) relu dropout(0.5) dense(10)",
		graph.Shape{1, 28, 28}, 1199882, "", 0, ""},
	{"PyTorch's MNIST until 2019", "github.com/pytorch/examples, mnist/main.py", "conv(10,5) pool(2) relu conv(20,5) dropout2d(0.5) pool(2) relu dense(50) relu dropout(0.5) dense(10)",
		graph.Shape{1, 28, 28}, 21840, "", 0, ""},
	{"Keras's MNIST", "keras.io/examples/vision/mnist_convnet, its summary", "conv(32,3) relu pool(2) conv(64,3) relu pool(2) dropout(0.5) dense(10)",
		graph.Shape{1, 28, 28}, 34826, "34,826", 0, ""},
	{"Keras's convolutional autoencoder", "keras.io/examples/vision/autoencoder, its summary",
		"conv(32,3,pad=same) relu pool(2) conv(32,3,pad=same) relu pool(2) convtranspose(32,3,stride=2,pad=1,outpad=1) relu convtranspose(32,3,stride=2,pad=1,outpad=1) relu conv(1,3,pad=same) sigmoid",
		graph.Shape{1, 28, 28}, 28353, "28,353", 0, ""},
	{"Softplus MLP", "Glorot, Bordes and Bengio 2011", "repeat(3,dense(1000) softplus) dense(10)", graph.Shape{784}, 2797010, "", 0, ""},
	{"Self-normalizing MLP", "Keras's reuters_mlp_relu_vs_selu.py, without its dropout", "repeat(6,dense(16) selu) dense(46)", graph.Shape{1000}, 18158, "", 0, ""},
	{"ResNet-20 for CIFAR", "He et al. 2016, table 6, quoted by github.com/akamaster/pytorch_resnet_cifar10; here with projections (option B)", "conv(16,3,pad=1,bias=false) batchnorm relu repeat(3," + residual(16) + ")" +
		projected(32) + "repeat(2," + residual(32) + ")" + projected(64) + "repeat(2," + residual(64) + ") globalavgpool dense(10)",
		graph.Shape{3, 32, 32}, 272474, "0.27M", 0, ""},
	{"cifar10_quick", "Caffe's example, after Krizhevsky's cuda-convnet; it pads at the ends only", "conv(32,5,pad=2) pool(3,stride=2,pad=1) relu conv(32,5,pad=2) relu avgpool(3,stride=2,pad=1) " +
		"conv(64,5,pad=2) relu avgpool(3,stride=2,pad=1) dense(64) dense(10)", graph.Shape{3, 32, 32}, 145578, "", 0, ""},
	{"SqueezeNet 1.1", "Iandola et al. 2016; num_params in torchvision/models/squeezenet.py", "conv(64,3,stride=2) relu pool(3,stride=2) " + fire(16, 64) + fire(16, 64) + "pool(3,stride=2) " +
		fire(32, 128) + fire(32, 128) + "pool(3,stride=2) " + fire(48, 192) + fire(48, 192) + fire(64, 256) + fire(64, 256) + "dropout(0.5) conv(1000,1) relu globalavgpool",
		graph.Shape{3, 224, 224}, 1235496, "1,235,496", 0, ""},
	{"MobileNet of width 0.25", "Howard et al. 2017; github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md", "conv(8,3,stride=2,pad=1,bias=false) batchnorm relu " +
		separable(8, 16, 1) + separable(16, 32, 2) + separable(32, 32, 1) + separable(32, 64, 2) + separable(64, 64, 1) + separable(64, 128, 2) +
		"repeat(5," + separable(128, 128, 1) + ") " + separable(128, 256, 2) + separable(256, 256, 1) + "globalavgpool dense(1000)",
		graph.Shape{3, 128, 128}, 470072, "0.47M", 0, ""},
	{"DS-CNN", "Zhang et al. 2017, as in MLPerf Tiny, but padded by 1; github.com/NXP/eiq-model-zoo, keyword-spotting_DSCNN/README.md", "conv(64,10x4,stride=2,pad=1) batchnorm relu dropout(0.2) " +
		"repeat(4,conv(64,3,pad=same,groups=64) batchnorm relu conv(64,1) batchnorm relu) dropout(0.4) globalavgpool dense(12)",
		graph.Shape{1, 49, 10}, 23756, "23,756", 0, ""},
	{"P-Net of MTCNN", "Zhang et al. 2016", "conv(10,3) prelu pool(2) conv(16,3) prelu conv(32,3) prelu concat(conv(2,1),conv(4,1)) flatten",
		graph.Shape{3, 12, 12}, 6632, "", 0, ""},
	{"Context module", "Yu and Koltun 2016; build_context in github.com/fyu/dilation, network.py, for 21 classes", dilated(1, 1, 2, 4, 8, 16, 1) + "conv(21,1) flatten",
		graph.Shape{21, 64, 64}, 28392, "", 0, ""},
	{"Steering by comma.ai", "github.com/commaai/research, train_steering_model.py", "conv(16,8,stride=4,pad=2) elu conv(32,5,stride=2,pad=2) elu conv(64,5,stride=2,pad=2) flatten dropout(0.2) elu " +
		"dense(512) dropout(0.5) elu dense(1)", graph.Shape{3, 160, 320}, 6621809, "", 0, ""},
	{"Recurrent network for reviews", "Chollet 2017, Deep Learning with Python, notebook 6.2-understanding-recurrent-neural-networks", "embedding(10000,32) rnn(32) last",
		graph.Shape{500}, 322080, "322,080", 0, ""},
	{"LSTM in both directions", "keras.io/examples/nlp/bidirectional_lstm_imdb, its summary",
		"embedding(20000,128) lstm(64,both=true) concat(seq(lstm(64) last),seq(reverse lstm(64) last)) dense(1)",
		graph.Shape{200}, 2757761, "2,757,761", 0, ""},
	{"GRU that writes", "tensorflow.org/text/tutorials/text_generation, its summary", "embedding(66,256) gru(1024) perstep(dense(66)) flatten",
		graph.Shape{100}, 4020802, "4,022,850", 2048, "second biases of two gates, which are only ever added to the first"},
	{"Classifier of videos", "keras.io/examples/vision/video_classification: features of up to 20 frames", "masked(0) gru(16) gru(8) last dropout(0.4) dense(8) relu dense(10)",
		graph.Shape{20, 2048}, 99906, "", 48, "second biases of two gates of either GRU"},
	{"BERT-tiny", "Turc et al. 2019; the answer is made of the first token", "embedding(30522,128,padded=true) positions perstep(layernorm) repeat(2," +
		"residual(attention(2)) perstep(layernorm) residual(perstep(dense(512) gelu dense(128))) perstep(layernorm)) reverse last dense(128) tanh",
		graph.Shape{512}, 4385664, "", 256, "vectors for the first and the second sentence"},
}

func residual(maps int) string {
	conv := fmt.Sprintf("conv(%d,3,pad=1,bias=false) ", maps)
	return "residual(" + conv + "batchnorm relu " + conv + "batchnorm) relu"
}

// projected is a residual block that halves the size, with the projection of He et al.'s option B.
func projected(maps int) string {
	return fmt.Sprintf(" add(conv(%[1]d,3,stride=2,pad=1,bias=false) batchnorm relu conv(%[1]d,3,pad=1,bias=false) batchnorm,conv(%[1]d,1,stride=2,bias=false) batchnorm) relu ", maps)
}

func fire(squeeze, expand int) string {
	return fmt.Sprintf("conv(%d,1) relu concat(conv(%[2]d,1) relu,conv(%[2]d,3,pad=same) relu) ", squeeze, expand)
}

func separable(in, out, stride int) string {
	return fmt.Sprintf("conv(%[1]d,3,stride=%[3]d,pad=1,groups=%[1]d,bias=false) batchnorm relu conv(%[2]d,1,bias=false) batchnorm relu ", in, out, stride)
}

func dilated(dilations ...int) string {
	text := ""
	for _, d := range dilations {
		text += fmt.Sprintf("conv(21,3,pad=same,dilation=%d) relu ", d)
	}
	return text
}

// used are the layers and arguments that this program has for published networks. Each is in one of them; steps, which makes a sequence of maps,
// is in the catalogue's transformer over patches of an image (Dosovitskiy et al. 2021).
var used = []string{
	"pool(3,stride=2,pad=1)", "avgpool(3,stride=2,pad=1)", "groups=", "dilation=", "conv(64,10x4", "convtranspose(", "dropout2d(",
	" elu ", " selu", " prelu", " softplus",
	"embedding(", "padded=true", "masked(", "rnn(", "lstm(", "gru(", "both=true", "reverse ", " last", "perstep(", "steps ", "positions", "attention(",
}

// TestNetworks builds each from its text, and counts. A rounded number is compared to its last digit.
func TestNetworks(t *testing.T) {
	if len(networks) != 19 {
		t.Errorf("%d networks", len(networks))
	}
	texts := fmt.Sprint(models.Patches.Net, " ")
	for _, w := range networks {
		texts += w.text + " "
	}
	for _, layer := range used {
		if !strings.Contains(texts, layer) {
			t.Errorf("no network has %q", layer)
		}
	}
	for _, w := range networks {
		layers, err := models.Parse[graph.Seq](models.Reader{}, w.text)
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			continue
		}
		n, err := graph.New(append(layers, graph.Flatten{}), graph.MSE, w.input, graph.Config{Init: graph.Zero})
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			continue
		}
		if n.Size() != w.count {
			t.Errorf("%s (%s): %d parameters, want %d", w.name, w.source, n.Size(), w.count)
		}
		if w.source == "" || (w.more != 0) != (w.why != "") || w.published != "" && rounded(w.count+w.more, w.published) != w.published {
			t.Errorf("%s: %d and %d more are not the %s of %q", w.name, w.count, w.more, w.published, w.source)
		}
	}
}

// rounded writes a count in the way another one is written: 272,474 like 0.27M.
func rounded(count int, like string) string {
	if millions, ok := strings.CutSuffix(like, "M"); ok {
		_, digits, _ := strings.Cut(millions, ".")
		scale := math.Pow10(len(digits))
		return strconv.FormatFloat(math.Round(float64(count)/1e6*scale)/scale, 'f', len(digits), 64) + "M"
	}
	text := strconv.Itoa(count)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
