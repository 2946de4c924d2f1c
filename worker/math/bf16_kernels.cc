// Which instruction set this CPU has for products in bfloat16.

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/math/bf16_tiles.h"

namespace chorus::worker {
namespace {

// Registers that cpuid fills for leaf 7.
struct Features {
  unsigned a = 0, b = 0, c = 0, d = 0;
};
Features FeaturesOf(unsigned subleaf) {
  Features f;
  if (__get_cpuid_count(7, subleaf, &f.a, &f.b, &f.c, &f.d) == 0) return {};
  return f;
}

bool HasAvx512Bf16() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         (FeaturesOf(1).a >> 5 & 1) != 0;
}

// Whether the CPU has AMX and the system lets this process use it: its registers are large, and
// Linux saves them for those alone that ask.
bool HasAmx() {
  constexpr unsigned kBf16 = 1u << 22, kTiles = 1u << 24;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // arch_prctl(2)
  if (!HasAvx512Bf16() || (FeaturesOf(0).d & (kBf16 | kTiles)) != (kBf16 | kTiles)) return false;
  static const bool allowed = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return allowed;
}

}  // namespace

const Bf16Kernels* Bf16KernelsFor(ComputeConfig::Isa isa) {
  static const Bf16Kernels amx = AmxBf16Kernels();
  const bool native = isa == ComputeConfig::ISA_UNSPECIFIED || isa == ComputeConfig::NATIVE;
  if ((native || isa == ComputeConfig::AMX) && HasAmx()) return &amx;
  if ((native || isa == ComputeConfig::AVX512_BF16) && HasAvx512Bf16()) return &VectorBf16Kernels();
  return nullptr;
}

}  // namespace chorus::worker
