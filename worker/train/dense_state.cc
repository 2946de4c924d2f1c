#include "worker/train/dense_state.h"

#include <cstring>

#include "common/file.h"
#include "common/finite.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kMagic = "CHRSDNS1";

template <typename T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Takes values from the front of what is left; every take is checked.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  bool Take(T* value) {
    if (rest_.size() < sizeof(T)) return false;
    std::memcpy(value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  bool TakeBytes(uint64_t count, std::string_view* bytes) {
    if (rest_.size() < count) return false;
    *bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

bool TakeHeader(Cursor* cursor, NamedArray* array) {
  uint32_t name_bytes = 0;
  std::string_view name;
  if (!cursor->Take(&name_bytes) || !cursor->TakeBytes(name_bytes, &name)) return false;
  array->name = name;
  return cursor->Take(&array->rows) && cursor->Take(&array->cols);
}

bool TakeValues(Cursor* cursor, NamedArray* array) {
  const uint64_t limit = cursor->left() / sizeof(float);
  if (array->cols != 0 && array->rows > limit / array->cols) return false;
  std::string_view bytes;
  if (!cursor->TakeBytes(array->rows * array->cols * sizeof(float), &bytes)) return false;
  array->values.resize(array->rows * array->cols);
  // An empty array has no address to copy to.
  if (!bytes.empty()) std::memcpy(array->values.data(), bytes.data(), bytes.size());
  return true;
}

}  // namespace

std::string EncodeDenseState(const DenseState& state) {
  std::string out(kMagic);
  Put(&out, state.step);
  Put(&out, state.updates);
  Put(&out, static_cast<uint64_t>(state.arrays.size()));
  for (const NamedArray& array : state.arrays) {
    Put(&out, static_cast<uint32_t>(array.name.size()));
    out += array.name;
    Put(&out, array.rows);
    Put(&out, array.cols);
  }
  for (const NamedArray& array : state.arrays) {
    out.append(reinterpret_cast<const char*>(array.values.data()),
               array.values.size() * sizeof(float));
  }
  Put(&out, Checksum(out));
  return out;
}

Result<DenseState> DecodeDenseState(std::string_view bytes) {
  uint64_t checksum = 0;
  if (bytes.size() < kMagic.size() + sizeof(checksum) || !bytes.starts_with(kMagic)) {
    return DataLoss("not a dense state file: it does not begin with CHRSDNS1");
  }
  std::memcpy(&checksum, bytes.data() + bytes.size() - sizeof(checksum), sizeof(checksum));
  bytes.remove_suffix(sizeof(checksum));
  if (Checksum(bytes) != checksum) return DataLoss("dense state: checksum differs");
  Cursor cursor(bytes.substr(kMagic.size()));
  DenseState state;
  uint64_t arrays = 0;
  if (!cursor.Take(&state.step) || !cursor.Take(&state.updates) || !cursor.Take(&arrays) ||
      arrays > cursor.left()) {
    return DataLoss("dense state: header does not fit the file");
  }
  state.arrays.resize(arrays);
  for (NamedArray& array : state.arrays) {
    if (!TakeHeader(&cursor, &array)) return DataLoss("dense state: truncated list of arrays");
  }
  for (NamedArray& array : state.arrays) {
    if (!TakeValues(&cursor, &array)) {
      return DataLoss("dense state: array " + array.name + " does not fit the file");
    }
  }
  for (const NamedArray& array : state.arrays) {
    if (!AllFinite(array.values)) {
      return DataLoss("dense state: array " + array.name + " holds a value that is not finite");
    }
  }
  if (cursor.left() != 0) return DataLoss("dense state: bytes left after the last array");
  return state;
}

}  // namespace chorus::worker
