#include "ps/wanted_keys.h"

#include <cstring>

#include "common/strings.h"

namespace chorus::ps {
namespace {

Key FirstOf(std::string_view keys) {
  Key key = 0;
  std::memcpy(&key, keys.data(), sizeof(key));
  return key;
}

}  // namespace

Status CheckRestoredKeys(const wire::RestoredKeys& only) {
  for (const wire::RestoredKeys::TableKeys& table : only.table()) {
    std::string_view keys = table.keys();
    if (keys.size() % sizeof(Key) != 0) {
      return InvalidArgument(StrCat("a restore of keys of ", keys.size(), " bytes"));
    }
    for (; keys.size() > sizeof(Key); keys.remove_prefix(sizeof(Key))) {
      if (FirstOf(keys) < FirstOf(keys.substr(sizeof(Key)))) continue;
      return InvalidArgument("a restore of keys that are not in order");
    }
  }
  return Status::Ok();
}

WantedKeys::WantedKeys(const wire::RestoredKeys* only, uint64_t table_name_hash)
    : all_(only == nullptr) {
  if (all_) return;
  for (const wire::RestoredKeys::TableKeys& table : only->table()) {
    if (table.name_hash() == table_name_hash) left_ = table.keys();
  }
}

bool WantedKeys::Has(Key key) {
  if (all_) return true;
  while (!left_.empty() && FirstOf(left_) < key) left_.remove_prefix(sizeof(Key));
  return !left_.empty() && FirstOf(left_) == key;
}

}  // namespace chorus::ps
