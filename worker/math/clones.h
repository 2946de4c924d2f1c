#pragma once
// CHORUS_CLONES before a function compiles it for AVX-512, AVX2 and plain x86-64 and lets the
// loader pick one. Only for loops whose bits do not depend on the width: -ffp-contract=off keeps
// multiply and add apart, and nothing lets the compiler reorder a sum. Not under the sanitizers,
// whose start-up code cannot run a loader's resolver, nor under clang.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CHORUS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CHORUS_CLONES
#endif

// Before a loop: its iterations do not depend on one another, whatever the pointers may hide.
#if defined(__GNUC__) && !defined(__clang__)
#define CHORUS_INDEPENDENT _Pragma("GCC ivdep")
#else
#define CHORUS_INDEPENDENT
#endif
