#pragma once
// Which rows of a table a partial restore keeps. Thread safety: none.

#include <cstdint>
#include <string_view>

#include "common/key.h"
#include "common/status.h"
#include "common/wire.pb.h"

namespace chorus::ps {

// Whether a restore's keys are in order. Error: kInvalidArgument.
Status CheckRestoredKeys(const wire::RestoredKeys& only);

class WantedKeys {
 public:
  // only: null: every key is wanted. It outlives this.
  WantedKeys(const wire::RestoredKeys* only, uint64_t table_name_hash);
  // REQUIRES: keys ascend from call to call.
  bool Has(Key key);

 private:
  const bool all_;
  std::string_view left_;  // of the wanted keys, from the last asked one on
};

}  // namespace chorus::ps
