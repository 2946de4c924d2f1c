# Writes OUT, a header with a fingerprint of FILES: what a program and a CUDA backend that it opens
# must share (device_library.h). Run with cmake -P.
set(all "")
foreach(file IN LISTS FILES)
  file(SHA256 ${file} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${OUT} "#pragma once
// Generated: a fingerprint of the headers that the program and its CUDA backend share.

namespace chorus::worker {

inline constexpr char kDeviceInterface[] = \"${hash}\";

}  // namespace chorus::worker
")
