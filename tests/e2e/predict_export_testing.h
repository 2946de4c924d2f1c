#pragma once
// What launch/predict_export.py computes with an export that is in memory. Thread safety: the
// test's thread.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/strings.h"
#include "tests/e2e/serving_testing.h"

namespace chorus::e2e {

// The scores of `text`, whose schema names no row id; none where the program fails.
inline ServedScores ScoresOfScript(FileSystem& files, const std::string& model,
                                   const std::string& text) {
  std::string folder = ::testing::TempDir() + "chorus-export-XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  std::filesystem::create_directory(folder + "/dense");
  for (const char* inside : {"", "/dense"}) {
    const std::vector<std::string> names = files.List(model + inside).value();
    for (const std::string& name : names) {
      if (name == "dense") continue;
      std::ofstream(StrCat(folder, inside, "/", name), std::ios::binary)
          << *ReadWholeFile(files, JoinPath(model + inside, name));
    }
  }
  std::ofstream(folder + "/in.txt", std::ios::binary) << text;
  const std::string command = StrCat(CHORUS_PYTHON, " ", CHORUS_PREDICT_EXPORT, " ", folder, " < ",
                                     folder, "/in.txt > ", folder, "/out.txt");
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream scores(folder + "/out.txt");
  std::string header;
  std::getline(scores, header);
  ServedScores out(0);
  double pctr = 0, pcvr = 0, pctcvr = 0;
  while (scores >> pctr >> pcvr >> pctcvr) {
    out.pctr.push_back(pctr);
    out.pcvr.push_back(pcvr);
    out.pctcvr.push_back(pctcvr);
  }
  std::filesystem::remove_all(folder);
  return out;
}

}  // namespace chorus::e2e
