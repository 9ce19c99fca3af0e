package intake

import "testing"

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "é 5×3 — „ñ“ λ 日\n\t": "é 5×3 — „ñ“ λ 日\n\t", "a\x1bb\rc\x00": `a\u001bb\u000dc\u0000`, "\x9b\xffé": `\x9b\xffé`, "\u009b\u202e": `\u009b\u202e`,
		"\U000e0001": `\udb40\udc01`, "\ufffd": "\ufffd",
	} {
		if got := string(Escape([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got, want := Line("a\n\tb\x1b"), `a\u000a\u0009b\u001b`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
