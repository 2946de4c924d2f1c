#include "worker/import/bad_rows.h"

#include "common/log.h"
#include "common/strings.h"

namespace chorus::worker {

Status BadRows::Add(const Status& why) {
  constexpr uint64_t kTold = 5;
  ++count_;
  if (list_ != nullptr) RETURN_IF_ERROR(list_->Append(why.message() + "\n"));
  if (count_ > most_) {
    if (most_ == 0) return why;
    return InvalidArgument(StrCat(why.message(), " (this is bad row ", count_,
                                  ", --max-bad-rows allows ", most_, ")"));
  }
  if (tell_ && count_ <= kTold) {
    LogWarning("bad row: ", why.message());
    if (count_ == kTold) {
      LogWarning("further bad rows are only counted",
                 list_ == nullptr ? " (import --bad-rows FILE lists all of them)" : "");
    }
  }
  return Status::Ok();
}

}  // namespace chorus::worker
