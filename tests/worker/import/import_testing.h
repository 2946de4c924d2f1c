#pragma once
// What the import tests share: schemas from text, texts as sources, gzip.

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "common/config.pb.h"
#include "common/config_internal.h"
#include "common/file.h"
#include "common/strings.h"
#include "worker/import/byte_source.h"

namespace chorus::worker {

#define ASSERT_OK(expr)                                            \
  do {                                                             \
    const ::chorus::Status status_of_expr = (expr);                \
    ASSERT_TRUE(status_of_expr.ok()) << status_of_expr.ToString(); \
  } while (0)

// A schema in text format with defaults filled in. Labels are the columns "click" and "sale" unless
// written.
inline ImportSchema MakeSchema(const std::string& text) {
  ImportSchema schema;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &schema)) << text;
  if (!schema.has_click()) schema.set_click("click");
  if (!schema.has_conversion()) schema.set_conversion("sale");
  chorus::internal::FillDefaults(&schema);
  const Status checked =
      chorus::internal::CheckAllowed(schema, "", chorus::internal::Origins("test"));
  EXPECT_TRUE(checked.ok()) << checked.ToString();
  return schema;
}

// The bytes of a string, at most `piece` of them per Read.
class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string text, size_t piece = 1 << 20)
      : text_(std::move(text)), piece_(piece) {}
  Result<size_t> Read(std::span<char> out) override {
    const size_t bytes = std::min({out.size(), piece_, text_.size() - offset_});
    std::copy_n(text_.data() + offset_, bytes, out.data());
    offset_ += bytes;
    return bytes;
  }

 private:
  std::string text_;
  size_t piece_;
  size_t offset_ = 0;
};

inline std::string Gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

inline std::string Bzip2(std::string_view text) {
  auto bytes = static_cast<unsigned>(text.size() + text.size() / 100 + 600);
  std::string out(bytes, '\0');
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &bytes, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 1, 0, 0),
            BZ_OK);
  out.resize(bytes);
  return out;
}

inline std::string Xz(std::string_view text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  size_t bytes = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr,
                                    reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<uint8_t*>(out.data()), &bytes, out.size()),
            LZMA_OK);
  out.resize(bytes);
  return out;
}

inline void WriteFile(FileSystem& files, const std::string& path, std::string_view data) {
  const Status written = ReplaceFile(files, path, data);
  ASSERT_TRUE(written.ok()) << written.ToString();
}

}  // namespace chorus::worker
