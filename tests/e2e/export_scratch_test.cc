// `chorus export` needs a second export beside its output for some questions: whatever a user has
// there stays, and what cannot be answered is told before anything is written.

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

class ExportScratchTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    ExpectSuccess(Run(0, Command("train", Config("run"))));
  }

  test::Finished Export(const std::string& output, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--checkpoint", Path("run/ckpt"), "--output",
                                          Path(output)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(0, Command("export", arguments));
  }
  bool IsExport(const std::string& folder) {
    return files_.Exists(Path(folder + "/manifest.json"));
  }
  // Everything in the test's folder whose name begins so.
  std::vector<std::string> Beside(const std::string& begin) {
    std::vector<std::string> found;
    const std::vector<std::string> names = files_.List(folder_).value();
    for (const std::string& name : names) {
      if (name.starts_with(begin)) found.push_back(name);
    }
    return found;
  }
};

TEST_F(ExportScratchTest, ExportsWithNamesThatOneWouldChooseStay) {
  ExpectSuccess(Export("model.float32", {}));
  ExpectSuccess(Export("model.whole", {"--rows", "INT8"}));
  const test::Finished told = Export("model", {"--rows", "INT8", "--log", Path("test")});
  ExpectSuccess(told);
  EXPECT_NE(told.output.find("difference"), std::string::npos) << told.output;
  ExpectSuccess(Export("model.delta", {"--rows", "INT8", "--since", Path("model")}));
  EXPECT_TRUE(IsExport("model.float32"));
  EXPECT_TRUE(IsExport("model.whole"));
  EXPECT_EQ(Beside("model.exporting"), std::vector<std::string>());
  EXPECT_EQ(Beside("model.delta.exporting"), std::vector<std::string>());
}

TEST_F(ExportScratchTest, WhatLiesWhereTheSecondExportIsToLieStays) {
  ExpectSuccess(Export("model.exporting.float32", {}));
  const test::Finished told = Export("model", {"--rows", "FP16", "--log", Path("test")});
  ExpectFailure(told, Path("model") + " is whole, but its comparison on --log failed");
  EXPECT_NE(told.errors.find("model.exporting.float32 is not empty"), std::string::npos)
      << told.errors;
  EXPECT_TRUE(IsExport("model.exporting.float32"));
  EXPECT_TRUE(IsExport("model"));

  ExpectSuccess(Export("delta.exporting.whole", {}));
  ExpectFailure(Export("delta", {"--rows", "FP16", "--since", Path("model")}),
                "delta.exporting.whole is not empty");
  EXPECT_TRUE(IsExport("delta.exporting.whole"));
  EXPECT_FALSE(files_.Exists(Path("delta")));
}

TEST_F(ExportScratchTest, FormsAndLogsThatDoNotFitAreToldBeforeAnythingIsWritten) {
  ExpectSuccess(Export("model", {}));
  ExpectFailure(Export("delta", {"--rows", "INT8", "--since", Path("model")}),
                "are float32, and those of the later export INT8");
  ASSERT_TRUE(ReplaceFile(files_, Path("rows.csv"), "click,sale,other\n1,0,5\n0,0,6\n").ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("schema.textproto"),
                          "click: 'click' conversion: 'sale' slot { column: 'other' }")
                  .ok());
  Import("schema.textproto", "rows.csv", "others");
  ExpectFailure(Export("int8", {"--rows", "INT8", "--log", Path("others")}), "--log");
  EXPECT_EQ(Beside("delta"), std::vector<std::string>());
  EXPECT_EQ(Beside("int8"), std::vector<std::string>());
}

}  // namespace
}  // namespace chorus::e2e
