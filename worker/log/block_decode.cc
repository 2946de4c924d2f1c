#include <zstd.h>

#include <algorithm>
#include <memory>

#include "common/check.h"
#include "common/file.h"
#include "common/strings.h"
#include "worker/log/block.h"
#include "worker/log/column_codec.h"
#include "worker/log/format.h"

namespace chorus::worker {
namespace {

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

struct SectionHeader {
  Encoding encoding;
  uint8_t compression;
  uint16_t reserved;
  uint32_t dictionary;
  uint32_t stored_bytes;
  uint64_t checksum;
};

SectionHeader LoadSectionHeader(const std::byte* from) {
  return {static_cast<Encoding>(Load<uint8_t>(from)),
          Load<uint8_t>(from + 1),
          Load<uint16_t>(from + 2),
          Load<uint32_t>(from + 4),
          Load<uint32_t>(from + 8),
          Load<uint64_t>(from + 12)};
}

// Decodes the sections of one block in order. Later columns depend on earlier ones: the offsets of
// a slot say how many keys it has, and its keys how many values. Each count is checked before the
// memory for it is allocated, so that no damaged file can make a reader allocate more than
// kMaxBlockDecodedBytes.
class BlockDecoder {
 public:
  BlockDecoder(const LogSchema& schema, std::span<const std::byte> bytes, Batch* out)
      : schema_(schema), bytes_(bytes), out_(out) {}

  Status Decode() {
    const std::vector<Column> columns = ColumnsOf(schema_);
    RETURN_IF_ERROR(ReadHeader(columns.size()));
    PrepareOutput();
    for (const Column& column : columns) {
      Status status = DecodeColumn(column);
      if (!status.ok()) return status.Annotate(StrCat("column ", column.name));
    }
    if (section_at_ != bytes_.size()) {
      return DataLoss(StrCat(bytes_.size() - section_at_, " bytes follow the last section"));
    }
    return Status::Ok();
  }

 private:
  Status ReadHeader(size_t columns) {
    const size_t header_bytes = BlockHeaderBytes(columns);
    if (bytes_.size() < header_bytes) {
      return DataLoss(
          StrCat("block header of ", header_bytes, " bytes in a block of ", bytes_.size()));
    }
    const std::byte* header = bytes_.data();
    if (Load<uint32_t>(header) != kBlockMagic) return DataLoss("the block's magic is not CBLK");
    const uint32_t stored_columns = Load<uint32_t>(header + 12);
    if (stored_columns != columns) {
      return DataLoss(StrCat(stored_columns, " columns, the schema has ", columns));
    }
    // Before rows and contexts are believed: the checksum covers them.
    const size_t checked = header_bytes - kChecksumBytes;
    if (Checksum(bytes_.first(checked)) != Load<uint64_t>(header + checked)) {
      return DataLoss("the checksum of the block's header differs");
    }
    rows_ = Load<uint32_t>(header + 4);
    contexts_ = Load<uint32_t>(header + 8);
    if (rows_ == 0 || rows_ > kMaxBlockRows) {
      return DataLoss(StrCat(rows_, " rows, allowed 1 .. ", kMaxBlockRows));
    }
    if (contexts_ == 0 || contexts_ > rows_ || (contexts_ > 1 && !HasContextColumns(schema_))) {
      return DataLoss(StrCat(contexts_, " contexts of ", rows_, " rows"));
    }
    header_at_ = kBlockPrefixBytes;
    section_at_ = header_bytes;
    return Status::Ok();
  }

  void PrepareOutput() {
    PrepareSide(true, contexts_, &out_->contexts);
    PrepareSide(false, rows_, &out_->exposures);
    out_->context_of.clear();
    if (!HasContextColumns(schema_)) out_->context_of.assign(rows_, 0);
    out_->weight.clear();
    out_->group.clear();
    out_->time.clear();
    out_->row_id_text.clear();
  }

  void PrepareSide(bool context, uint32_t rows, FeatureColumns* side) {
    side->rows = rows;
    side->slots.resize(CountSlots(schema_, context));
    side->numerics.resize(CountNumerics(schema_, context));
    for (SlotColumn& slot : side->slots) slot.values.clear();
  }

  Status DecodeColumn(const Column& column) {
    FeatureColumns& side = column.context ? out_->contexts : out_->exposures;
    switch (column.kind) {
      case ColumnKind::kOffsets:
        return DecodeOffsets(column, side.rows, &side.slots[column.index]);
      case ColumnKind::kKeys: {
        SlotColumn& slot = side.slots[column.index];
        return Integers(slot.offsets.back(), &slot.keys);
      }
      case ColumnKind::kValues: {
        SlotColumn& slot = side.slots[column.index];
        return OptionalFloats(slot.keys.size(), &slot.values);
      }
      case ColumnKind::kNumeric:
        return Floats(side.rows, &side.numerics[column.index]);
      case ColumnKind::kContextOf:
        RETURN_IF_ERROR(Integers(rows_, &out_->context_of));
        return CheckContextOf();
      case ColumnKind::kRowId:
        return Integers(rows_, &out_->row_id);
      case ColumnKind::kClick:
        return Bits(&out_->click);
      case ColumnKind::kConversion:
        return Bits(&out_->conversion);
      case ColumnKind::kWeight:
        return OptionalFloats(rows_, &out_->weight);
      case ColumnKind::kGroup:
        return Integers(rows_, &out_->group);
      case ColumnKind::kTime:
        return Times();
      case ColumnKind::kRowIdEnds:
        return Integers(rows_, &row_id_ends_);
      case ColumnKind::kRowIdText:
        return RowIdTexts();
    }
    CHECK(false, "column ", column.name);
  }

  Status DecodeOffsets(const Column& column, uint32_t rows, SlotColumn* slot) {
    RETURN_IF_ERROR(Take<uint32_t>(rows));
    slot->offsets.resize(rows + size_t{1});
    slot->offsets[0] = 0;
    const std::span<uint32_t> ends = std::span(slot->offsets).subspan(1);
    RETURN_IF_ERROR(DecodeIntegers(section_.encoding, section_.dictionary, raw_, ends));
    // Both are computed without a branch, since offsets are the longest loop of a decoder. Where
    // offsets fall, `longest` wraps and means nothing.
    bool rising = true;
    uint32_t longest = 0;
    for (uint32_t i = 0; i < rows; ++i) {
      rising &= slot->offsets[i] <= slot->offsets[i + 1];
      longest = std::max(longest, slot->offsets[i + 1] - slot->offsets[i]);
    }
    if (!rising) return DataLoss("offsets fall");
    if (!column.slot->multi_valued && longest > 1) {
      return DataLoss(StrCat(longest, " keys in a row of a one-hot slot"));
    }
    return Status::Ok();
  }

  // A context without a row would get no number in any batch: EncodeBlock does not write one.
  Status CheckContextOf() {
    context_used_.assign(contexts_, 0);
    for (const uint32_t context : out_->context_of) {
      if (context >= contexts_) {
        return DataLoss(StrCat("context ", context, " of ", contexts_));
      }
      context_used_[context] = 1;
    }
    const auto unused = std::find(context_used_.begin(), context_used_.end(), 0);
    if (unused != context_used_.end()) {
      return DataLoss(StrCat("context ", unused - context_used_.begin(), " has no row"));
    }
    return Status::Ok();
  }

  template <typename T>
  Status Integers(uint64_t count, std::vector<T>* out) {
    RETURN_IF_ERROR(Take<T>(count));
    out->resize(count);
    return DecodeIntegers(section_.encoding, section_.dictionary, raw_, std::span<T>(*out));
  }

  Status Floats(uint64_t count, std::vector<float>* out) {
    RETURN_IF_ERROR(Take<float>(count));
    out->resize(count);
    return DecodeFloats(section_.encoding, section_.dictionary, raw_, *out);
  }

  // Leaves *out empty when every value is 1.
  Status OptionalFloats(uint64_t count, std::vector<float>* out) {
    RETURN_IF_ERROR(Take<float>(count));
    if (section_.encoding == Encoding::kAbsent) return Status::Ok();
    out->resize(count);
    return DecodeFloats(section_.encoding, section_.dictionary, raw_, *out);
  }

  Status Bits(std::vector<uint8_t>* out) {
    RETURN_IF_ERROR(Take<uint8_t>(rows_));
    if (section_.encoding != Encoding::kBits) return DataLoss("labels are not stored as bits");
    out->resize(rows_);
    return DecodeBits(section_.encoding, raw_, *out);
  }

  Status Times() {
    RETURN_IF_ERROR(Take<int64_t>(rows_));
    out_->time.resize(rows_);
    // The codec knows unsigned integers; signed and unsigned types of one size may alias.
    const std::span<uint64_t> unsigned_view(reinterpret_cast<uint64_t*>(out_->time.data()), rows_);
    return DecodeIntegers(section_.encoding, section_.dictionary, raw_, unsigned_view);
  }

  Status RowIdTexts() {
    if (!std::is_sorted(row_id_ends_.begin(), row_id_ends_.end())) return DataLoss("ends fall");
    RETURN_IF_ERROR(Take<char>(row_id_ends_.back()));
    if (section_.encoding != Encoding::kPlain) return DataLoss("texts are not stored as bytes");
    const char* const bytes = reinterpret_cast<const char*>(raw_.data());
    out_->row_id_text.reserve(rows_);
    uint32_t begin = 0;
    for (const uint32_t end : row_id_ends_) {
      out_->row_id_text.emplace_back(bytes + begin, end - begin);
      begin = end;
    }
    return Status::Ok();
  }

  // Moves to the next section, which holds `count` values of T: checks its header, its checksum and
  // the memory that its values would take. Then sets section_ and raw_, its encoded bytes without
  // compression.
  template <typename T>
  Status Take(uint64_t count) {
    section_ = LoadSectionHeader(bytes_.data() + header_at_);
    header_at_ += kSectionHeaderBytes;
    if (section_.compression > 1 || section_.reserved != 0) {
      return DataLoss(StrCat("compression ", static_cast<int>(section_.compression),
                             " and reserved ", section_.reserved, ", expected 0 or 1 and 0"));
    }
    if (section_.stored_bytes > bytes_.size() - section_at_) {
      return DataLoss(StrCat("a section of ", section_.stored_bytes, " bytes, the block has ",
                             bytes_.size() - section_at_, " left"));
    }
    const std::span<const std::byte> stored = bytes_.subspan(section_at_, section_.stored_bytes);
    section_at_ += section_.stored_bytes;
    if (Checksum(stored) != section_.checksum)
      return DataLoss("the checksum of the section differs");
    decoded_bytes_ += count * sizeof(T);
    if (decoded_bytes_ > kMaxBlockDecodedBytes) {
      return DataLoss(StrCat("more than ", kMaxBlockDecodedBytes, " bytes in a block"));
    }
    const std::optional<uint64_t> expected =
        EncodedBytes(section_.encoding, sizeof(T), count, section_.dictionary);
    if (!expected.has_value()) {
      return DataLoss(StrCat("encoding ", section_.encoding, " with a dictionary of ",
                             section_.dictionary, " for ", count, " values"));
    }
    return section_.compression == 0 ? UseAsStored(stored, *expected)
                                     : Decompress(stored, *expected);
  }

  Status UseAsStored(std::span<const std::byte> stored, uint64_t expected) {
    if (stored.size() != expected) {
      return DataLoss(StrCat(stored.size(), " bytes stored, expected ", expected));
    }
    raw_ = stored;
    return Status::Ok();
  }

  Status Decompress(std::span<const std::byte> stored, uint64_t expected) {
    // The frame says how much it holds; what it says is checked before memory is allocated.
    if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != expected) {
      return DataLoss(StrCat("the compressed section does not hold ", expected, " bytes"));
    }
    if (scratch_bytes_ < expected) {
      scratch_ = std::make_unique_for_overwrite<std::byte[]>(expected);
      scratch_bytes_ = expected;
    }
    const size_t size =
        ZSTD_decompressDCtx(zstd_.get(), scratch_.get(), expected, stored.data(), stored.size());
    if (ZSTD_isError(size) || size != expected) {
      return DataLoss(
          StrCat("decompressing: ", ZSTD_isError(size) ? ZSTD_getErrorName(size) : "wrong size"));
    }
    raw_ = {scratch_.get(), expected};
    return Status::Ok();
  }

  const LogSchema& schema_;
  const std::span<const std::byte> bytes_;
  Batch* const out_;
  const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> zstd_{ZSTD_createDCtx()};
  uint32_t rows_ = 0;
  uint32_t contexts_ = 0;
  size_t header_at_ = 0;   // of the next section's header
  size_t section_at_ = 0;  // of the next section
  uint64_t decoded_bytes_ = 0;
  SectionHeader section_{};         // the current section
  std::span<const std::byte> raw_;  // its encoded bytes
  std::unique_ptr<std::byte[]> scratch_;
  size_t scratch_bytes_ = 0;
  std::vector<uint8_t> context_used_;
  std::vector<uint32_t> row_id_ends_;
};

}  // namespace

Status DecodeBlock(const LogSchema& schema, std::span<const std::byte> bytes, Batch* out) {
  return BlockDecoder(schema, bytes, out).Decode();
}

}  // namespace chorus::worker
