#include "common/frame.h"

#include "common/byte_pool.h"
#include "common/wire.pb.h"

namespace chorus {

ByteArray ByteArray::Allocate(size_t bytes) {
  ByteArray array;
  if (bytes == 0) return array;
  array.owner_ = BytePool::OfProcess().Take(bytes);
  array.data_ = array.owner_.get();
  array.size_ = bytes;
  return array;
}

ByteArray ByteArray::Slice(size_t offset, size_t size) const {
  CHECK(offset % BytePool::kAlignment == 0 && offset <= size_ && size <= size_ - offset,
        "offset=", offset, " size=", size, " of ", size_);
  ByteArray slice;
  if (size == 0) return slice;
  slice.owner_ = owner_;
  slice.data_ = data_ + offset;
  slice.size_ = size;
  return slice;
}

size_t Frame::payload_bytes() const {
  size_t bytes = meta.size();
  for (const ByteArray& array : arrays) bytes += array.size();
  return bytes;
}

Frame MakeErrorFrame(const Status& status) {
  CHECK(!status.ok(), "an error frame needs an error");
  wire::ErrorMeta meta;
  meta.set_code(static_cast<uint32_t>(status.code()));
  meta.set_message(status.message());
  Frame frame;
  frame.type = FrameType::kError;
  frame.meta = meta.SerializeAsString();
  return frame;
}

Status StatusOfFrame(const Frame& frame) {
  if (frame.type != FrameType::kError) return Status::Ok();
  wire::ErrorMeta meta;
  if (!meta.ParseFromString(frame.meta)) return DataLoss("an error frame without readable meta");
  return Status(ErrorCodeOf(meta.code()), meta.message());
}

}  // namespace chorus
