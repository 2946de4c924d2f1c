#include "worker/import/label_import.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "common/check.h"
#include "common/parallel_for.h"
#include "common/proto_enum.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "worker/import/bad_rows.h"
#include "worker/import/inputs.h"
#include "worker/import/label_places.h"
#include "worker/import/label_rows.h"
#include "worker/import/row_inputs.h"
#include "worker/import/text_format.h"
#include "worker/log/label_file.h"
#include "worker/log/labels.h"
#include "worker/log/log_reader.h"

namespace chorus::worker {
namespace {

constexpr char kLockedName[] = "labels";  // FOLDER/labels.lock

// The files of the logs that are in one folder, which get one label file.
struct LogFolder {
  std::string folder;
  std::vector<std::string> paths = {};
  std::unique_ptr<FileLock> lock = nullptr;
  std::unique_ptr<LogReader> log = nullptr;
  std::string label_file = {};  // to write
  LabelFile labels = {};
  LabelledLogSummary summary = {};
};

class LabelImport {
 public:
  LabelImport(FileSystem& files, const ImportSchema& schema, const LabelImportOptions& options)
      : files_(files), schema_(schema), options_(options) {}

  Result<LabelImportSummary> Run() {
    if (!options_.bad_rows.empty()) {
      ASSIGN_OR_RETURN(bad_rows_, BadRowList::Create(files_, options_.bad_rows));
    }
    RETURN_IF_ERROR(OpenLogs());
    const Status read = ReadRows();
    if (bad_rows_ != nullptr && !bad_rows_->empty()) RETURN_IF_ERROR(bad_rows_->Commit());
    RETURN_IF_ERROR(read);
    RETURN_IF_ERROR(CheckColumns());
    found_.assign(rows_.rows().size(), false);
    repeated_ = found_;
    for (LogFolder& folder : folders_) RETURN_IF_ERROR(FindRows(&folder));
    RETURN_IF_ERROR(CheckUnknown());
    RETURN_IF_ERROR(CheckRepeated());
    for (LogFolder& folder : folders_) RETURN_IF_ERROR(Write(&folder));
    return Summarise();
  }

 private:
  // Each folder is locked before its log is read: what comes between would be lost.
  Status OpenLogs() {
    if (options_.logs.empty()) return InvalidArgument("--labels needs --log: of which log?");
    for (const std::string& path : options_.logs) {
      ASSIGN_OR_RETURN(const auto log, LogReader::Open(files_, {path}));
      for (const std::string& name : log->files()) {
        // "log" and "./log" are one folder, and locked once.
        const std::string file = std::filesystem::path(name).lexically_normal().string();
        std::vector<std::string>& paths = FolderOf(DirectoryOf(file)).paths;
        if (std::find(paths.begin(), paths.end(), file) == paths.end()) paths.push_back(file);
      }
    }
    for (LogFolder& folder : folders_) {
      ASSIGN_OR_RETURN(folder.lock, LockOutput(files_, JoinPath(folder.folder, kLockedName)));
      ASSIGN_OR_RETURN(folder.log, LogReader::Open(files_, folder.paths));
      if (!folder.log->schema().has_click) {
        return FailedPrecondition(
            StrCat("log ", folder.folder,
                   " was imported without labels (--unlabelled): what is not told of would be "
                   "taken for un-clicked; import its rows again, with a click column"));
      }
      if (folder.log->schema().has_row_id_text != texts()) {
        return FailedPrecondition(StrCat("logs ", folders_.front().folder, " and ", folder.folder,
                                         ": row ids of one are numbers, of the other texts"));
      }
      RETURN_IF_ERROR(NameLabelFile(&folder));
    }
    return Status::Ok();
  }

  // The label file that comes next, which the folder's lock keeps for this import.
  Status NameLabelFile(LogFolder* folder) {
    ASSIGN_OR_RETURN(const auto present, ReadLabelFiles(files_, folder->folder));
    if (!present.empty()) folder->labels.previous = present.back().labels.checksum;
    ASSIGN_OR_RETURN(const std::string name, NextLabelFileName(present));
    folder->label_file = JoinPath(folder->folder, name);
    return Status::Ok();
  }

  LogFolder& FolderOf(const std::string& folder) {
    for (LogFolder& known : folders_) {
      if (known.folder == folder) return known;
    }
    folders_.push_back({.folder = folder});
    return folders_.back();
  }

  bool texts() const { return folders_.front().log->schema().has_row_id_text; }

  Status ReadRows() {
    ASSIGN_OR_RETURN(std::vector<TextInput> inputs,
                     MakeInputs(files_, options_.inputs, options_.standard_input, ""));
    if (schema_.format() == ImportSchema::ALI_CCP) {
      return InvalidArgument(
          "labels are rows of a text of their own: a schema of format DELIMITED that names its "
          "columns row_id, click and conversion reads them");
    }
    ASSIGN_OR_RETURN(const Content content, ContentOfAll(schema_, inputs));
    if (content != Content::kText) {
      return InvalidArgument(
          StrCat(inputs.front().name,
                 ": labels that come later are read from text; write these rows as CSV or TSV"));
    }
    ASSIGN_OR_RETURN(text_, PrepareText(files_, schema_, std::move(inputs), {}));
    ASSIGN_OR_RETURN(const auto table, TextTable::Open(text_.inputs, text_.format));
    ASSIGN_OR_RETURN(rows_, LabelRows::Read(*table, schema_, texts(), options_.max_bad_rows,
                                            bad_rows_.get(), options_.bad_row_remedy));
    summary_.skipped = table->skipped();
    return Status::Ok();
  }

  Status CheckColumns() const {
    if (!rows_.has_conversion()) return Status::Ok();
    for (const LogFolder& folder : folders_) {
      if (folder.log->schema().has_conversion) continue;
      return FailedPrecondition(
          StrCat("log ", folder.folder,
                 " has clicks alone, and the labels have conversions: rows that they do not name "
                 "would be taken for unconverted; import the log again, with a conversion column"));
    }
    return Status::Ok();
  }

  Status FindRows(LogFolder* folder) {
    const LogReader& log = *folder->log;
    const auto blocks = static_cast<uint32_t>(log.blocks().size());
    std::vector<Batch> batches(std::max(1u, options_.threads));
    std::vector<Status> read(batches.size());
    for (uint32_t begin = 0; begin < blocks; begin += static_cast<uint32_t>(batches.size())) {
      const uint64_t count = std::min<uint64_t>(batches.size(), blocks - begin);
      ParallelFor(count, options_.threads, [&](uint64_t i) {
        read[i] = log.ReadBlock(begin + static_cast<uint32_t>(i), &batches[i]);
      });
      for (uint64_t i = 0; i < count; ++i) {
        RETURN_IF_ERROR(read[i]);
        RETURN_IF_ERROR(FindRowsOfBlock(begin + static_cast<uint32_t>(i), &batches[i], folder));
      }
      if (options_.progress != nullptr) {
        options_.progress->ShowDone("import: looking for rows", begin + count, blocks, "blocks");
      }
    }
    if (options_.progress != nullptr) options_.progress->Clear();
    return Status::Ok();
  }

  Status FindRowsOfBlock(uint32_t index, Batch* batch, LogFolder* folder) {
    LabelledBlock block;
    for (uint32_t row = 0; row < batch->rows(); ++row) {
      const RowIdentity identity =
          texts() ? IdentityOfText(batch->row_id_text[row]) : RowIdentity{batch->row_id[row], 0};
      const LabelRow* const labels = rows_.Find(identity);
      if (labels == nullptr) continue;
      const auto place = static_cast<size_t>(labels - rows_.rows().data());
      auto found = found_[place];
      if (found) {
        ++summary_.repeated_exposures;
        repeated_[place] = true;
      }
      found = true;
      ASSIGN_OR_RETURN(const bool changed, Change(*labels, row, batch, &folder->summary));
      if (!changed) continue;
      block.changes.push_back(MakeLabelChange(row, batch->click[row], batch->conversion[row]));
    }
    if (block.changes.empty()) return Status::Ok();
    folder->summary.exposures += block.changes.size();
    const BatchLabels now = CountBatchLabels(*batch);
    block.clicks = now.clicks;
    block.conversions = now.conversions;
    block.unclicked_conversions = now.unclicked_conversions;
    AddBlock(index, std::move(block), folder);
    return Status::Ok();
  }

  // Whether the row has other labels now.
  Result<bool> Change(const LabelRow& labels, uint32_t row, Batch* batch,
                      LabelledLogSummary* summary) {
    uint8_t& click = batch->click[row];
    uint8_t& conversion = batch->conversion[row];
    const auto choose = [](int8_t label, uint8_t before) {
      return label == LabelRow::kAsItIs ? before : static_cast<uint8_t>(label);
    };
    const uint8_t new_click = choose(labels.click, click);
    const uint8_t new_conversion = choose(labels.conversion, conversion);
    if (new_click == click && new_conversion == conversion) return false;
    if (new_conversion > new_click) {
      ASSIGN_OR_RETURN(const bool keep, KeepUnclicked(labels));
      if (!keep) return false;
    }
    summary->new_clicks += new_click > click;
    summary->lost_clicks += new_click < click;
    summary->new_conversions += new_conversion > conversion;
    summary->lost_conversions += new_conversion < conversion;
    click = new_click;
    conversion = new_conversion;
    return true;
  }

  Result<bool> KeepUnclicked(const LabelRow& labels) {
    switch (schema_.unclicked_conversion()) {
      case REJECT:
        return InvalidArgument(StrCat(PlacesOfFirst(text_, rows_, {labels}).front(),
                                      ": a conversion without a click, and unclicked_conversion is "
                                      "REJECT"));
      case KEEP_UNCLICKED:
        ++summary_.kept_unclicked_conversions;
        return true;
      case DROP:
      case UNCLICKED_CONVERSION_UNSPECIFIED:
        ++summary_.dropped_unclicked_conversions;
        return false;
      case NO_VALUE_OF(UnclickedConversion):
        break;
    }
    CHECK(false, "no policy: ", schema_.unclicked_conversion());
  }

  // Blocks come in the order of the log, so that those of a file come together.
  static void AddBlock(uint32_t index, LabelledBlock block, LogFolder* folder) {
    const LogReader& log = *folder->log;
    const uint32_t file = log.blocks()[index].file;
    block.block = index - log.first_block(file);
    std::vector<LabelledFile>& labelled = folder->labels.files;
    const std::string name = BaseName(log.files()[file]);
    if (labelled.empty() || labelled.back().name != name) {
      labelled.push_back({.name = name, .identity = log.identity(file)});
    }
    labelled.back().blocks.push_back(std::move(block));
  }

  Status CheckUnknown() {
    summary_.unknown = static_cast<uint64_t>(std::count(found_.begin(), found_.end(), false));
    if (summary_.unknown == 0 || options_.allow_unknown) return Status::Ok();
    return InvalidArgument(StrCat(
        summary_.unknown, " of ", found_.size(), " row ids are in no log: ", Places(found_, false),
        "; --log takes several logs, the parts of a split above all, and --allow-unknown "
        "passes over such rows"));
  }

  // Labels of an id that several exposures have may be of any of them.
  Status CheckRepeated() const {
    const auto repeated = std::count(repeated_.begin(), repeated_.end(), true);
    if (repeated == 0 || options_.allow_repeated) return Status::Ok();
    return InvalidArgument(StrCat(
        repeated, " of ", found_.size(),
        " row ids are of several exposures of the logs: ", Places(repeated_, true),
        "; import these logs with a row_id that each row has alone (rows that imports numbered "
        "share their numbers), or --allow-repeated gives the labels to all exposures of an id"));
  }

  // The first rows that are marked so, by file and line.
  std::string Places(const std::vector<bool>& marks, bool mark) const {
    std::vector<LabelRow> rows;
    for (size_t i = 0; i < marks.size(); ++i) {
      if (marks[i] == mark) rows.push_back(rows_.rows()[i]);
    }
    return Join(PlacesOfFirst(text_, rows_, std::move(rows)), ", ");
  }

  Status Write(LogFolder* folder) {
    LabelledLogSummary& summary = folder->summary;
    summary.folder = folder->folder;
    if (folder->labels.files.empty()) return Status::Ok();
    summary.label_file = folder->label_file;
    return ReplaceFile(files_, summary.label_file, EncodeLabelFile(folder->labels));
  }

  LabelImportSummary Summarise() {
    summary_.read = rows_.read();
    summary_.bad = rows_.bad();
    summary_.repeated = rows_.repeated();
    summary_.has_click = rows_.has_click();
    summary_.has_conversion = rows_.has_conversion();
    for (LogFolder& folder : folders_) summary_.logs.push_back(std::move(folder.summary));
    return std::move(summary_);
  }

  FileSystem& files_;
  const ImportSchema& schema_;
  const LabelImportOptions& options_;
  std::unique_ptr<BadRowList> bad_rows_;  // null: they are not listed
  std::vector<LogFolder> folders_;
  RowsOfText text_;
  LabelRows rows_;
  std::vector<bool> found_;     // [row of rows_]: some log has its id
  std::vector<bool> repeated_;  // [row of rows_]: several exposures have it
  LabelImportSummary summary_;
};

}  // namespace

Result<LabelImportSummary> ImportLabels(FileSystem& files, const ImportSchema& schema,
                                        const LabelImportOptions& options) {
  return LabelImport(files, schema, options).Run();
}

}  // namespace chorus::worker
