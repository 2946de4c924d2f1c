// The cost of frames: encoding (headers and checksums; arrays stay where they are) and decoding
// (checksums and one copy to the final place, as a socket's read would make) in ratio to memcpy of
// the same bytes, measured in the same run. Prints a table and a line of JSON per size; ends with 1
// if a frame came back changed.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include "common/frame_codec.h"

namespace {

using namespace chorus;  // NOLINT: a program of one file

double MedianSeconds(int repetitions, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i < repetitions + 2; ++i) {  // two to warm up
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    if (i >= 2) seconds.push_back(spent.count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
  return seconds[seconds.size() / 2];
}

void Encode(const Frame& frame, uint64_t part_bytes, std::vector<std::byte>* stream) {
  FrameEncoder encoder({1, FrameDirection::kRequest, frame}, part_bytes);
  while (!encoder.done()) {
    for (const auto& piece : encoder.NextPart()) {
      if (stream != nullptr) stream->insert(stream->end(), piece.begin(), piece.end());
    }
  }
}

bool Decode(const std::vector<std::byte>& stream, uint64_t limit, Frame* out) {
  FrameAssembler assembler(limit);
  std::span<const std::byte> left(stream);
  while (left.size() >= kPartHeaderBytes) {
    const auto place = assembler.BeginPart(left.first<kPartHeaderBytes>());
    if (!place.ok()) return false;
    left = left.subspan(kPartHeaderBytes);
    if (!place->empty()) std::memcpy(place->data(), left.data(), place->size());
    left = left.subspan(place->size());
    const auto whole = assembler.FinishPart();
    if (!whole.ok()) return false;
    if (*whole) *out = assembler.Take().frame;
  }
  return left.empty();
}

bool MeasureSize(size_t bytes) {
  constexpr uint64_t kPartBytes = 1 << 20;
  Frame frame;
  frame.type = FrameType::kStep;
  frame.arrays.push_back(ByteArray::Allocate(bytes));
  for (size_t i = 0; i < bytes; ++i) frame.arrays[0].data()[i] = static_cast<std::byte>(i * 31);
  std::vector<std::byte> stream;
  Encode(frame, kPartBytes, &stream);
  std::vector<std::byte> copy(bytes);
  const int inner = static_cast<int>(std::max<size_t>(1, (4 << 20) / bytes));
  Frame decoded;
  bool right = true;
  const auto repeat = [&](const std::function<void()>& work) {
    return MedianSeconds(9,
                         [&] {
                           for (int i = 0; i < inner; ++i) work();
                         }) /
           inner;
  };
  const double copy_s = repeat([&] { std::memcpy(copy.data(), frame.arrays[0].data(), bytes); });
  const double encode_s = repeat([&] { Encode(frame, kPartBytes, nullptr); });
  const double decode_s = repeat([&] { right = Decode(stream, 1ULL << 30, &decoded) && right; });
  right = right && decoded.arrays.size() == 1 &&
          std::memcmp(decoded.arrays[0].data(), frame.arrays[0].data(), bytes) == 0;
  std::printf("%10zu %10.2f %10.2f %10.2f %9.2f %9.2f %s\n", bytes, copy_s * 1e6, encode_s * 1e6,
              decode_s * 1e6, encode_s / copy_s, decode_s / copy_s, right ? "ok" : "WRONG");
  std::printf(
      "{\"perf\":\"frame\",\"bytes\":%zu,\"memcpy_us\":%.3f,\"encode_us\":%.3f,\"decode_us\":%.3f}"
      "\n",
      bytes, copy_s * 1e6, encode_s * 1e6, decode_s * 1e6);
  return right;
}

}  // namespace

int main() {
  std::printf("%10s %10s %10s %10s %9s %9s\n", "bytes", "memcpy_us", "encode_us", "decode_us",
              "enc/copy", "dec/copy");
  bool right = true;
  for (const size_t bytes : {64u, 4096u, 65536u, 1u << 20, 16u << 20})
    right = MeasureSize(bytes) && right;
  return right ? 0 : 1;
}
