#pragma once
// The rows of a table that a partial restore keeps. Thread safety: none.

#include <cstdint>
#include <string_view>

#include "common/key.h"
#include "common/status.h"
#include "common/wire.pb.h"

namespace chorus::ps {

// OK when the keys of a partial restore are whole keys in ascending order. Error: kInvalidArgument.
Status CheckRestoredKeys(const wire::RestoredKeys& only);

class WantedKeys {
 public:
  // only: must outlive this; null: every key is wanted.
  WantedKeys(const wire::RestoredKeys* only, uint64_t table_name_hash);
  // REQUIRES: keys ascend from call to call.
  bool Has(Key key);

 private:
  const bool all_;
  std::string_view left_;  // the wanted keys from the last asked one on
};

}  // namespace chorus::ps
