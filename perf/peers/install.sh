#!/bin/sh
# Installs what Chorus is measured against, the newest PyTorch, into a virtual environment of its own.
#   perf/peers/install.sh [FOLDER]        (default: build/peers; 5 GB, since PyPI's wheel brings CUDA)
# torch.compile needs g++ and python3-dev.
set -eu
folder=${1:-build/peers}
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet torch numpy
"$folder/bin/python" -c 'import torch; print("PyTorch", torch.__version__)'
