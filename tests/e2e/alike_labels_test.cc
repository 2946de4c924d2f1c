// A training log whose labels are all alike is named before the first step, by worker 0 alone.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/import_testing.h"
#include "tests/e2e/job_testing.h"

namespace chorus::e2e {
namespace {

// What training says of a log with these labels; every `click_every`th row is a click, and so on.
std::string SaidOf(int click_every, int sale_every, const Layout& layout) {
  const auto files = NewMemoryFiles();
  std::string text = "click,sale,user,item\n";
  for (int i = 0; i < 300; ++i) {
    const bool click = click_every > 0 && i % click_every == 0;
    const bool sale = click && sale_every > 0 && i % sale_every == 0;
    text += StrCat(click ? 1 : 0, ",", sale ? 1 : 0, ",u", i % 17, ",", i % 9, "\n");
  }
  const ImportSchema schema = CompleteSchema(R"(
      click: 'click' conversion: 'sale'
      slot { column: 'user' context: true } slot { column: 'item' } block_rows: 37)");
  ImportRows(*files, schema, text, "train", "");
  ::testing::internal::CaptureStderr();
  const Trained trained = TrainOn(*files, JobConfig("data { max_steps: 2 }"), layout);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
  return said;
}

size_t TimesIn(const std::string& text, const std::string& part) {
  size_t times = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

TEST(AlikeLabelsTest, AreNamedOnceAtTheStart) {
  for (const Layout& layout : {Layout(), Layout{.workers = 3}}) {
    EXPECT_EQ(TimesIn(SaidOf(0, 0, layout), "none of the log's 300 exposures is a click"), 1u);
    EXPECT_EQ(TimesIn(SaidOf(3, 0, layout), "none of the log's 100 clicks converts"), 1u);
    EXPECT_EQ(TimesIn(SaidOf(3, 3, layout), "all 100 clicks of the log convert"), 1u);
    EXPECT_EQ(TimesIn(SaidOf(1, 2, layout), "all 300 exposures of the log are clicks"), 1u);
    const std::string good = SaidOf(3, 2, layout);
    EXPECT_EQ(TimesIn(good, "of the log"), 0u) << good;
  }
}

}  // namespace
}  // namespace chorus::e2e
