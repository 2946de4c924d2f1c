#pragma once
// CHORUS_CLONES before a function compiles it for AVX-512, AVX2 and plain x86-64; the loader picks
// the version for the CPU. Only for loops whose bits do not depend on the width of registers:
// -ffp-contract=off keeps multiplication and addition apart, and no flag lets the compiler reorder
// a sum. It is empty under clang, and under the sanitizers, whose start-up code cannot run the
// loader's resolver.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CHORUS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CHORUS_CLONES
#endif

// CHORUS_INDEPENDENT before a loop: its iterations do not depend on one another, though its
// pointers may alias.
#if defined(__GNUC__) && !defined(__clang__)
#define CHORUS_INDEPENDENT _Pragma("GCC ivdep")
#else
#define CHORUS_INDEPENDENT
#endif
