# Filled in by make release: @VERSION@, and the SHA-256 sum of each file.
class Stheno < Formula
  desc "Automatic differentiation and neural networks in one binary"
  homepage "https://github.com/stheno-ml/stheno"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "https://github.com/stheno-ml/stheno/releases/download/v@VERSION@/stheno-darwin-arm64.tar.gz"
      sha256 "@stheno-darwin-arm64.tar.gz@"
    end
    on_intel do
      url "https://github.com/stheno-ml/stheno/releases/download/v@VERSION@/stheno-darwin-amd64.tar.gz"
      sha256 "@stheno-darwin-amd64.tar.gz@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/stheno-ml/stheno/releases/download/v@VERSION@/stheno-linux-arm64.tar.gz"
      sha256 "@stheno-linux-arm64.tar.gz@"
    end
    on_intel do
      url "https://github.com/stheno-ml/stheno/releases/download/v@VERSION@/stheno-linux-amd64.tar.gz"
      sha256 "@stheno-linux-amd64.tar.gz@"
    end
  end

  def install
    bin.install "stheno"
    generate_completions_from_executable(bin/"stheno", "completion")
    (man1/"stheno.1").write Utils.safe_popen_read(bin/"stheno", "man")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/stheno version")
    system bin/"stheno", "train", "softmax", "--epochs", "1"
  end
end
