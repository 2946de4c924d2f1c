// A kernel whose registers spill: 64 doubles a thread live across every round, and 32 registers to
// keep them in. The flags of the CUDA backend must report it.
__global__ void __launch_bounds__(1024, 2) MixInRegisters(const double* x, double* y) {
  constexpr int kValues = 64;
  double values[kValues];
#pragma unroll
  for (int i = 0; i < kValues; ++i) values[i] = x[threadIdx.x + i * blockDim.x];
#pragma unroll
  for (int round = 0; round < 8; ++round) {
#pragma unroll
    for (int i = 0; i < kValues; ++i) values[i] = values[i] * values[(i * 7 + round) % kValues] + 1;
  }
#pragma unroll
  for (int i = 0; i < kValues; ++i) y[threadIdx.x + i * blockDim.x] = values[i];
}
