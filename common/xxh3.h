#pragma once
// XXH3 of the xxHash library, for the files that implement our checksums (file.h, checksum_stream.h). On x86-64 the
// library's build for the narrowest registers is a third as fast as the one that it picks for the CPU at hand; both
// give the same bits.

#define XXH_STATIC_LINKING_ONLY  // the state as a complete type
#ifdef CHORUS_XXH3_BY_CPU
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif
