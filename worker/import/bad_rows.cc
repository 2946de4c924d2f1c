#include "worker/import/bad_rows.h"

#include "common/log.h"
#include "common/strings.h"

namespace chorus::worker {

Result<std::unique_ptr<BadRowList>> BadRowList::Create(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(auto file,
                   OutputFile::Replace(files, path, kBadRowListHead, "list of bad rows"));
  RETURN_IF_ERROR(file->Append(kBadRowListHead));
  return std::unique_ptr<BadRowList>(new BadRowList(std::move(file)));
}

Status BadRowList::Add(std::string_view line) {
  ++lines_;
  return file_->Append(StrCat(line, "\n"));
}

Status BadRowList::Commit() {
  if (committed_) return Status::Ok();
  committed_ = true;
  return file_->Commit();
}

Status BadRows::Add(const Status& why) {
  constexpr uint64_t kTold = 5;
  ++count_;
  if (list_ != nullptr) RETURN_IF_ERROR(list_->Add(why.message()));
  const uint64_t all = before_.value_or(0) + count_;
  if (all > most_) {
    if (most_ == 0) {
      return remedy_.empty() ? why : InvalidArgument(StrCat(why.message(), remedy_));
    }
    return InvalidArgument(
        StrCat(why.message(), " (this is bad row ", all, ", --max-bad-rows allows ", most_, ")"));
  }
  if (tell_ && count_ <= kTold) {
    LogWarning("bad row: ", why.message());
    if (count_ == kTold) {
      const char* const where = list_ != nullptr ? "counted, and stand in the list of --bad-rows"
                                : before_.has_value()
                                    ? "only counted until the next log file"
                                    : "only counted (import --bad-rows FILE lists all of them)";
      LogWarning("further bad rows are ", where);
    }
  }
  return Status::Ok();
}

}  // namespace chorus::worker
