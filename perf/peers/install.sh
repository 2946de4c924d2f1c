#!/bin/sh
# Installs what Chorus is measured against: the newest PyTorch, and FBGEMM's tables with the PyTorch that
# they are built for, each in a virtual environment of its own.
#   perf/peers/install.sh [FOLDER]        (default: build/peers; twice 5 GB, since PyPI's wheel brings CUDA)
# torch.compile needs g++ and python3-dev.
set -eu
folder=${1:-build/peers}
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet torch numpy
"$folder/bin/python" -c 'import torch; print("PyTorch", torch.__version__)'
python3 -m venv "$folder/tbe"
"$folder/tbe/bin/pip" install --quiet 'torch==2.14.*' 'fbgemm_gpu-cpu==1.9.0' numpy
"$folder/tbe/bin/python" -c 'import fbgemm_gpu, torch; print("FBGEMM", fbgemm_gpu.__version__, "PyTorch", torch.__version__)'
