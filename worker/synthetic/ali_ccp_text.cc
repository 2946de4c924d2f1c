// The two text files of Ali-CCP (GenerateAliCcpText).
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/output_folder.h"
#include "common/parallel_for.h"
#include "common/strings.h"
#include "worker/synthetic/ali_ccp_log.h"
#include "worker/synthetic/ali_ccp_world.h"

namespace chorus::worker {
namespace {

constexpr char kSkeleton[] = "sample_skeleton.csv";
constexpr char kCommon[] = "common_features.csv";

// ",feature_num,features\n"
void AppendTokens(const std::vector<AliCcpToken>& tokens, std::string* out) {
  out->append(StrCat(",", tokens.size(), ","));
  bool first = true;
  for (const AliCcpToken& token : tokens) {
    if (!std::exchange(first, false)) out->push_back('\x01');
    out->append(StrCat(kAliCcpFieldInfo[token.field].name, "\x02", token.id, "\x03"));
    AppendAliCcpValue(token.value, out);
  }
  out->push_back('\n');
}

// A cell of the skeleton, with what is counted of it.
struct SkeletonCell {
  std::string text;
  uint64_t rows = 0, contexts = 0, clicks = 0, conversions = 0;
  SpaceSummary clicked, unclicked;  // with sums in place of means
};

SkeletonCell MakeSkeletonCell(const AliCcpWorld& world, uint64_t cell) {
  SkeletonCell out;
  uint64_t exposure = cell * kAliCcpCellExposures;
  AliCcpContext context;
  AliCcpExposure made;
  for (const uint32_t size : world.SizesOfCell(cell)) {
    if (size == 0) break;
    world.MakeContext(cell * kAliCcpCellContexts + out.contexts++, &context);
    for (uint32_t i = 0; i < size; ++i) {
      world.MakeExposure(context, exposure, &made);
      ShuffleFields(exposure++, &made.tokens);
      out.text.append(StrCat(made.sample_id, ",", made.click ? 1 : 0, ",", made.conversion ? 1 : 0,
                             ",", HexDigits(context.key)));
      AppendTokens(made.tokens, &out.text);
      ++out.rows;
      out.clicks += made.click ? 1 : 0;
      out.conversions += made.click && made.conversion ? 1 : 0;
      SpaceSummary& space = made.click ? out.clicked : out.unclicked;
      space.rows += 1;
      space.mean_p_conv_do += static_cast<double>(made.truth.p_conv_do);
    }
  }
  return out;
}

void AddSkeletonCell(const SkeletonCell& cell, GenerateSummary* summary) {
  summary->rows += cell.rows;
  summary->contexts += cell.contexts;
  summary->clicks += cell.clicks;
  summary->conversions += cell.conversions;
  const auto add = [](const SpaceSummary& from, SpaceSummary* to) {
    to->rows += from.rows;
    to->mean_p_conv_do += from.mean_p_conv_do;
  };
  add(cell.clicked, &summary->clicked);
  add(cell.unclicked, &summary->unclicked);
  add(cell.clicked, &summary->all);
  add(cell.unclicked, &summary->all);
}

Status AppendText(WritableFile& file, const std::string& text) {
  return file.Append(std::as_bytes(std::span<const char>(text)));
}

Status WriteSkeleton(FileSystem& files, const AliCcpWorld& world, const std::string& path,
                     const GenerateOptions& options, GenerateSummary* summary) {
  ASSIGN_OR_RETURN(const auto file, files.Create(path));
  std::vector<SkeletonCell> wave(4 * std::max<uint64_t>(1, options.threads));
  for (uint64_t begin = 0; begin < world.cells(); begin += wave.size()) {
    const uint64_t count = std::min<uint64_t>(wave.size(), world.cells() - begin);
    ParallelFor(count, options.threads,
                [&](uint64_t i) { wave[i] = MakeSkeletonCell(world, begin + i); });
    for (uint64_t i = 0; i < count; ++i) {
      RETURN_IF_ERROR(AppendText(*file, wave[i].text));
      AddSkeletonCell(wave[i], summary);
    }
    if (options.progress) options.progress(summary->rows);
  }
  return file->Close();
}

// Contexts in the order of their keys, except that one from the middle comes first.
std::vector<uint64_t> OrderOfCommon(const AliCcpWorld& world) {
  std::vector<std::pair<uint64_t, uint64_t>> keys;
  for (uint64_t i = 0; i < world.contexts(); ++i) keys.emplace_back(world.KeyOf(i), i);
  std::sort(keys.begin(), keys.end());
  const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
  std::rotate(keys.begin(), middle, middle + 1);  // [begin, middle] right by one
  std::vector<uint64_t> order;
  for (const auto& [key, context] : keys) order.push_back(context);
  return order;
}

Status WriteCommon(FileSystem& files, const AliCcpWorld& world, const std::string& path,
                   uint32_t threads) {
  constexpr uint64_t kRowsAtOnce = 64;
  ASSIGN_OR_RETURN(const auto file, files.Create(path));
  const std::vector<uint64_t> order = OrderOfCommon(world);
  std::vector<std::string> wave(4 * std::max<uint64_t>(1, threads));
  for (uint64_t begin = 0; begin < order.size(); begin += wave.size() * kRowsAtOnce) {
    ParallelFor(wave.size(), threads, [&](uint64_t i) {
      wave[i].clear();
      AliCcpContext context;
      const uint64_t first = std::min<uint64_t>(order.size(), begin + i * kRowsAtOnce);
      const uint64_t last = std::min<uint64_t>(order.size(), first + kRowsAtOnce);
      for (uint64_t row = first; row < last; ++row) {
        world.MakeContext(order[row], &context);
        ShuffleFields(~context.number, &context.tokens);
        wave[i].append(HexDigits(context.key));
        AppendTokens(context.tokens, &wave[i]);
      }
    });
    for (const std::string& text : wave) RETURN_IF_ERROR(AppendText(*file, text));
  }
  return file->Close();
}

}  // namespace

Result<GenerateSummary> GenerateAliCcpText(FileSystem& files, const World& world,
                                           const GenerateOptions& options) {
  const AliCcpWorld ali_ccp(world);
  ASSIGN_OR_RETURN(const std::unique_ptr<OutputFolder> folder,
                   OutputFolder::Create(files, options.directory, "generating"));
  GenerateSummary summary;
  RETURN_IF_ERROR(WriteCommon(files, ali_ccp, JoinPath(folder->path(), kCommon), options.threads));
  RETURN_IF_ERROR(
      WriteSkeleton(files, ali_ccp, JoinPath(folder->path(), kSkeleton), options, &summary));
  RETURN_IF_ERROR(folder->Commit());
  for (SpaceSummary* space : {&summary.all, &summary.clicked, &summary.unclicked}) {
    if (space->rows > 0) space->mean_p_conv_do /= static_cast<double>(space->rows);
  }
  for (const char* name : {kSkeleton, kCommon}) {
    summary.files.push_back(JoinPath(folder->output(), name));
  }
  return summary;
}

}  // namespace chorus::worker
