#include "worker/columns/made_column.h"

namespace chorus::worker {
namespace {

// Whoever releases a struct releases its children as well.
void ReleaseSchema(ArrowSchema* schema) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    ArrowSchema* const child = schema->children[i];
    if (child->release != nullptr) child->release(child);
  }
  schema->release = nullptr;
}

void ReleaseArray(ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    ArrowArray* const child = array->children[i];
    if (child->release != nullptr) child->release(child);
  }
  array->release = nullptr;
}

ArrowSchema SchemaOf(const char* format, const char* name) {
  ArrowSchema schema = {};
  schema.format = format;
  schema.name = name;
  schema.release = &ReleaseSchema;
  return schema;
}

ArrowArray ArrayOf(int64_t length, int64_t buffer_count, const void** buffers) {
  ArrowArray array = {};
  array.length = length;
  array.n_buffers = buffer_count;
  array.buffers = buffers;
  array.release = &ReleaseArray;
  return array;
}

}  // namespace

void MadeColumn::Clear() {
  values_ = rows_ = nulls_ = values_before_ = 0;
  bytes_.clear();
  there_.clear();
  text_ends_.assign(1, 0);
  row_ends_.assign(1, 0);
}

void MadeColumn::AddText(std::string_view text) {
  bytes_.append(text);
  text_ends_.push_back(static_cast<int64_t>(bytes_.size()));
  ++values_;
}

void MadeColumn::EndRow() {
  if (shape_ == Shape::kList) {
    row_ends_.push_back(values_);
  } else {
    const bool there = values_ > values_before_;
    if (rows_ % 8 == 0) there_.push_back(0);
    if (there) {
      there_.back() = static_cast<uint8_t>(there_.back() | 1u << (rows_ % 8));
    } else {  // its place is there all the same
      ++nulls_;
      if (type_ == Type::kText) {
        AddText("");
      } else {
        bytes_.append(type_ == Type::kInt8 ? 1 : type_ == Type::kFloat ? 4 : 8, '\0');
        ++values_;
      }
    }
  }
  values_before_ = values_;
  ++rows_;
}

const char* MadeColumn::Format() const {
  switch (type_) {
    case Type::kInt8:
      return "c";
    case Type::kInt64:
      return "l";
    case Type::kUint64:
      return "L";
    case Type::kFloat:
      return "f";
    case Type::kText:
      break;
  }
  return "U";
}

void MadeColumn::Describe(ArrowSchema* out) {
  *out = SchemaOf(Format(), name_.c_str());
  if (shape_ == Shape::kOptional) out->flags = ARROW_FLAG_NULLABLE;
  if (shape_ != Shape::kList) return;
  elements_.schema = SchemaOf(Format(), "element");
  column_.schema_child = &elements_.schema;
  out->format = "+L";
  out->n_children = 1;
  out->children = &column_.schema_child;
}

void MadeColumn::ViewValues(Level* level, int64_t length, ArrowArray* out) {
  const bool text = type_ == Type::kText;
  level->buffers[0] = shape_ == Shape::kOptional && nulls_ > 0 ? there_.data() : nullptr;
  level->buffers[1] =
      text ? static_cast<const void*>(text_ends_.data()) : static_cast<const void*>(bytes_.data());
  level->buffers[2] = bytes_.data();
  *out = ArrayOf(length, text ? 3 : 2, level->buffers);
  out->null_count = nulls_;
}

void MadeColumn::View(ArrowArray* out) {
  if (shape_ != Shape::kList) {
    ViewValues(&column_, values_, out);
    return;
  }
  ViewValues(&elements_, values_, &elements_.array);
  column_.array_child = &elements_.array;
  column_.buffers[0] = nullptr;
  column_.buffers[1] = row_ends_.data();
  *out = ArrayOf(rows_, 2, column_.buffers);
  out->n_children = 1;
  out->children = &column_.array_child;
}

void MadeColumns::Describe(ArrowSchema* out) {
  schemas_.resize(columns_->size());
  schema_children_.clear();
  for (size_t i = 0; i < schemas_.size(); ++i) {
    (*columns_)[i].Describe(&schemas_[i]);
    schema_children_.push_back(&schemas_[i]);
  }
  *out = SchemaOf("+s", "");
  out->n_children = static_cast<int64_t>(schemas_.size());
  out->children = schema_children_.data();
}

void MadeColumns::View(int64_t rows, ArrowArray* out) {
  arrays_.resize(columns_->size());
  array_children_.clear();
  for (size_t i = 0; i < arrays_.size(); ++i) {
    (*columns_)[i].View(&arrays_[i]);
    array_children_.push_back(&arrays_[i]);
  }
  *out = ArrayOf(rows, 1, no_buffer_);
  out->n_children = static_cast<int64_t>(arrays_.size());
  out->children = array_children_.data();
}

}  // namespace chorus::worker
