#include "common/progress.h"

#include <string>

#include <gtest/gtest.h>

namespace chorus {
namespace {

// What is written to a FILE, read back.
class Screen {
 public:
  Screen() : file_(std::tmpfile()) {}
  ~Screen() { std::fclose(file_); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  std::FILE* file() { return file_; }
  std::string text() {
    std::rewind(file_);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

 private:
  std::FILE* file_;
};

TEST(ProgressLine, OverwritesItsLineOnATerminalAndLeavesItClean) {
  Screen screen;
  {
    ProgressLine progress({}, screen.file(), /*terminal=*/true);
    progress.Show("10 rows");
    progress.Show("20 rows");
  }
  EXPECT_EQ(screen.text(), "\r\033[K10 rows\r\033[K20 rows\r\033[K");
}

TEST(ProgressLine, WritesPlainLinesElsewhere) {
  Screen screen;
  {
    ProgressLine progress({}, screen.file(), /*terminal=*/false);
    progress.Show("10 rows");
    progress.Clear();
    progress.Show("20 rows");
  }
  EXPECT_EQ(screen.text(), "10 rows\n20 rows\n");
}

TEST(ProgressLine, SaysWhatIsDoneHowFastAndWhatIsLeft) {
  Screen screen;
  ProgressLine progress({.terminal_seconds = 0, .plain_seconds = 0}, screen.file(), false);
  progress.ShowDone("scoring", 0, 100, "rows");
  EXPECT_EQ(screen.text(), "scoring: 0 of 100 rows, 0 rows/s\n");
  progress.ShowDone("scoring", 40, 100, "rows");
  EXPECT_NE(screen.text().find("\nscoring: 40 of 100 rows, "), std::string::npos);
  EXPECT_NE(screen.text().find(" left\n"), std::string::npos);
  ProgressLine never({.terminal_seconds = 1e6, .plain_seconds = 1e6}, screen.file(), false);
  const std::string before = screen.text();
  never.ShowDone("scoring", 40, 100, "rows");
  EXPECT_EQ(screen.text(), before);
}

TEST(ProgressLine, IsDueOnlyAfterItsInterval) {
  Screen screen;
  ProgressLine never({.terminal_seconds = 1e6, .plain_seconds = 0}, screen.file(), true);
  EXPECT_FALSE(never.Due());
  ProgressLine always({.terminal_seconds = 1e6, .plain_seconds = 0}, screen.file(), false);
  EXPECT_TRUE(always.Due());
}

}  // namespace
}  // namespace chorus
