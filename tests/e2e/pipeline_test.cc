// The ways a user goes: text to log to model to predictions; a model to arrays; a synthetic world
// with its truth.

#include <cmath>
#include <map>

#include "launch/command/checkpoint_rows.h"
#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

using PipelineTest = CommandTest;

TEST_F(PipelineTest, FromTextToPredictions) {
  std::string csv = "click,sale,user,age,item,price\n";
  constexpr uint32_t kRows = 3000;
  for (uint32_t i = 0; i < kRows; ++i) {
    const uint32_t user = i / 4 % 50, item = i * 7 % 13;
    const bool click = item < 4, sale = click && user % 2 == 0;  // easy to learn
    csv += StrCat(click ? 1 : 0, ",", sale ? 1 : 0, ",u", user, ",", 20 + user, ",", item, ",",
                  item * 3, ".5\n");
  }
  ASSERT_TRUE(ReplaceFile(files_, Path("shop.csv"), csv).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("schema.textproto"), R"(
      click: "click" conversion: "sale"
      slot { column: "user" context: true } slot { column: "item" }
      numeric { column: "age" context: true } numeric { column: "price" transform: LOG_STANDARD }
      block_rows: 64)")
                  .ok());
  Import("schema.textproto", "shop.csv", "shop", {"--split", "train:0.8,test:0.2"});
  const std::vector<std::string> config = {"--set", "data.log=" + Path("shop/train"),
                                           "--set", "data.epochs=5",
                                           "--set", "step.grain_rows=32",
                                           "--set", "model.tower.hidden=16,8",
                                           "--set", "table.dim=4",
                                           "--set", "model.optimizer.adam.lr=0.01",
                                           "--set", "table.optimizer.adagrad.lr=0.1",
                                           "--set", "checkpoint.directory=" + Path("model"),
                                           "--set", "evaluate.log=" + Path("shop/test")};
  const test::Finished trained = Run(3, Command("train", config));
  ExpectSuccess(trained);
  const std::string scores = Path("scores.tsv");
  ExpectSuccess(Run(0, Command("predict", {"--checkpoint", Path("model"), "--log",
                                           Path("shop/test"), "--output", scores})));
  double clicked = 0, unclicked = 0;
  uint32_t clicks = 0, rows = 0;
  const std::vector<std::string> lines = Split(*ReadWholeFile(files_, scores), '\n');
  EXPECT_EQ(lines[0], "row_id\tclick\tconversion\tpctr\tpcvr\tpctcvr");
  for (size_t i = 1; i + 1 < lines.size(); ++i, ++rows) {
    const std::vector<std::string> cells = Split(lines[i], '\t');
    ASSERT_EQ(cells.size(), 6u) << lines[i];
    const double ctr = std::stod(cells[3]), cvr = std::stod(cells[4]);
    EXPECT_NEAR(std::stod(cells[5]), ctr * cvr, 1e-6 * ctr * cvr);
    (cells[1] == "1" ? clicked : unclicked) += ctr;
    clicks += cells[1] == "1";
  }
  EXPECT_GT(rows, kRows / 10);
  EXPECT_LT(rows, kRows * 3 / 10);
  ASSERT_GT(clicks, 0u);
  ASSERT_GT(rows, clicks);
  EXPECT_GT(clicked / clicks, 0.5 + unclicked / (rows - clicks)) << "the model learnt nothing";
}

// `rows` rows of a small shop, with or without their labels.
std::string ShopText(uint32_t rows, bool labels) {
  std::string csv = labels ? "click,sale,user,item,price\n" : "user,item,price\n";
  for (uint32_t i = 0; i < rows; ++i) {
    const uint32_t user = i / 4 % 50, item = i * 7 % 13;
    const bool click = (item + user) % 5 < 2, sale = click && user % 2 == 0;
    if (labels) csv += StrCat(click ? 1 : 0, ",", sale ? 1 : 0, ",");
    csv += StrCat("u", user, ",", item, ",", item * 3, ".5\n");
  }
  return csv;
}

TEST_F(PipelineTest, FromADraftedSchemaToAReportAndUnlabelledRowsToPredictions) {
  const std::string csv = Path("shop.csv"), schema = Path("shop.schema"), job = Path("shop.train");
  ASSERT_TRUE(ReplaceFile(files_, csv, ShopText(1200, true)).ok());
  ExpectSuccess(Run(0, Command("schema", {csv, "--output", schema, "--job", job})));
  ExpectFailure(Run(0, Command("schema", {csv, "--output", schema})), "is there already");
  Import("shop.schema", "shop.csv", "log", {"--split", "train:0.8,test:0.2"});
  const std::vector<std::string> train = {
      "--config", job,
      "--set",    "data.log=" + Path("log/train"),
      "--set",    "evaluate.log=" + Path("log/test"),
      "--set",    "checkpoint.directory=" + Path("run/checkpoints"),
      "--set",    "report.metrics=" + Path("run/metrics.jsonl")};
  ExpectSuccess(Run(0, Command("train", train)));
  ExpectSuccess(Run(0, Command("report", {Path("run")})));

  const std::string rows = Path("rows.csv"), unlabelled = Path("unlabelled");
  ASSERT_TRUE(ReplaceFile(files_, rows, ShopText(40, false)).ok());
  Import("shop.schema", "rows.csv", "unlabelled", {"--unlabelled", "--like", Path("log/train")});
  const std::vector<std::string> score = {"--checkpoint", Path("run/checkpoints"), "--log",
                                          unlabelled};
  const test::Finished scores = Run(0, Command("predict", score));
  ExpectSuccess(scores);
  EXPECT_NE(scores.output.find("\n39\t\t\t0."), std::string::npos) << scores.output;
  ExpectFailure(Run(0, Command("evaluate", score)), "the log has no labels");
  ExpectFailure(Run(0, Command("train", train, {"--set", "data.log=" + unlabelled})),
                "the log has no labels");
  const test::Finished inspected = Run(0, Command("inspect", {unlabelled}));
  EXPECT_NE(inspected.output.find("labels   none"), std::string::npos) << inspected.output;

  // The same without a log: from a file, from a pipe, by the schema and by what the model knows.
  const std::vector<std::string> text = {"--checkpoint", Path("run/checkpoints"), "--input"};
  const test::Finished from_file = Run(0, Command("predict", text, {rows, "--schema", schema}));
  ExpectSuccess(from_file);
  EXPECT_EQ(from_file.output, scores.output);
  EXPECT_NE(from_file.errors.find("rows read             40"), std::string::npos)
      << from_file.errors;
  const test::Finished from_pipe =
      test::RunProcess({"sh", "-c", "gzip -c \"$0\" | \"$1\" predict --checkpoint \"$2\" --input -",
                        rows, CHORUS_PROGRAM, Path("run/checkpoints")},
                       kLimitSeconds, test::MpirunEnvironment());
  ExpectSuccess(from_pipe);
  EXPECT_EQ(from_pipe.output, scores.output);
}

TEST_F(PipelineTest, TextIsScoredUnderMpirunAndWhatItCannotBeIsSaid) {
  const std::string csv = Path("shop.csv"), rows = Path("rows.csv"), ids = Path("ids.schema");
  ASSERT_TRUE(ReplaceFile(files_, csv, ShopText(400, true)).ok());
  ASSERT_TRUE(ReplaceFile(files_, rows, ShopText(100, false) + "u,1\n").ok());
  ASSERT_TRUE(ReplaceFile(files_, ids, R"(
      click: "click" conversion: "sale" slot { column: "user" } slot { column: "item" }
      numeric { column: "price" } block_rows: 64)")
                  .ok());
  Import("ids.schema", "shop.csv", "log");
  ExpectSuccess(Run(0, Command("train", {"--set", "data.log=" + Path("log"), "--set",
                                         "checkpoint.directory=" + Path("model"), "--set",
                                         "step.grain_rows=8", "--set", "model.tower.hidden=4"})));
  const std::vector<std::string> text = {"--checkpoint", Path("model"), "--input"};
  const auto predict = [&](uint32_t ranks, const std::vector<std::string>& more) {
    return Run(ranks, Command("predict", text, more));
  };
  const test::Finished alone = predict(0, {rows, "--max-bad-rows", "1"});
  ExpectSuccess(alone);
  EXPECT_NE(alone.output.find("\n100\t\t\t\t\t\n"), std::string::npos) << alone.output;
  EXPECT_NE(alone.errors.find("rows.csv:102"), std::string::npos) << alone.errors;
  ExpectSuccess(predict(3, {rows, "--max-bad-rows", "1", "--output", Path("scores.tsv")}));
  EXPECT_EQ(*ReadWholeFile(files_, Path("scores.tsv")), alone.output);

  ExpectFailure(predict(0, {rows}), "rows.csv:102: found 2 cells, expected 3");
  ExpectFailure(predict(2, {"-"}), "--input -: under mpirun");
  ASSERT_TRUE(ReplaceFile(files_, rows, "user,price\nu,1\n").ok());
  ExpectFailure(predict(0, {rows}), "there is no column 'item'");

  // A checkpoint of an earlier program does not know how text was read.
  const auto folder = worker::FindCheckpoint(files_, Path("model"));
  ASSERT_TRUE(folder.ok() && folder->has_value());
  auto manifest = worker::ReadManifest(files_, **folder);
  ASSERT_TRUE(manifest.ok());
  manifest->clear_text();
  ASSERT_TRUE(worker::WriteManifest(files_, **folder, *manifest).ok());
  ASSERT_TRUE(ReplaceFile(files_, rows, ShopText(100, false)).ok());
  ExpectFailure(predict(0, {rows}), "give the schema of that import with --schema");
  ExpectSuccess(predict(0, {rows, "--schema", ids}));
}

TEST_F(PipelineTest, ExportedArraysAreTheCheckpoints) {
  ExpectSuccess(Run(0, Command("train", Config("run", "objective { base {} }"))));
  const std::string folder = NewestCheckpoint("run");
  ExpectSuccess(
      Run(0, Command("export", {"--checkpoint", Path("run/ckpt"), "--output", Path("model")})));
  const auto manifest = worker::ReadManifest(files_, folder);
  ASSERT_TRUE(manifest.ok());
  const auto rows = launch::CheckpointRows::Open(files_, folder, *manifest);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ((*rows)->tables().size(), 4u);
  std::map<std::string, std::string> expected;
  for (uint32_t t = 0; t < 4; ++t) {
    const ps::ShardFileTable& table = (*rows)->tables()[t];
    std::string& keys = expected[table.name + ".keys.u64"];
    std::string& weights = expected[table.name + ".weights.f32"];
    const Status status = (*rows)->Visit(t, [&](const ps::ShardRow& row) {
      keys.append(reinterpret_cast<const char*>(&row.key), sizeof(row.key));
      weights.append(reinterpret_cast<const char*>(row.weights), table.dim * sizeof(float));
      return Status::Ok();
    });
    ASSERT_TRUE(status.ok());
    EXPECT_EQ(keys.size(), 8 * table.rows);
  }
  const auto dense = worker::ReadDenseState(files_, folder, *manifest);
  ASSERT_TRUE(dense.ok());
  for (const worker::NamedArray& array : dense->arrays) {
    if (!array.name.starts_with("weight/")) continue;
    expected["dense/" + array.name.substr(7) + ".f32"] = std::string(
        reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(float));
  }
  const std::string listed = *ReadWholeFile(files_, Path("model/manifest.json"));
  for (const auto& [name, bytes] : expected) {
    const auto exported = ReadWholeFile(files_, JoinPath(Path("model"), name));
    ASSERT_TRUE(exported.ok()) << exported.status().ToString();
    EXPECT_TRUE(*exported == bytes) << name;
    EXPECT_NE(listed.find("\"" + name + "\""), std::string::npos) << name;
  }
  ExpectFailure(
      Run(0, Command("export", {"--checkpoint", Path("run/ckpt"), "--output", Path("model")})),
      "is not empty");
}

TEST_F(PipelineTest, ALogOfFewBlocksIsToldToLeaveGrainsEmpty) {
  const test::Finished trained =
      Run(0, Command("train", Config("run", "step { grains_per_step: 64 grain_rows: 1 }")));
  ExpectSuccess(trained);
  EXPECT_NE(trained.errors.find("a step 64 grains, which read blocks of their own: the others "),
            std::string::npos)
      << trained.errors;
}

TEST_F(PipelineTest, InspectPrintsTheGraphOfTheModel) {
  const test::Finished trained = Run(
      0, Command("train", Config("run",
                                 "model { encoder { name: 'mix' mmoe { experts: 2 hidden: 4 } } "
                                 "tower { hidden: 3 } tower { head: 'ctr' trainable: false } }")));
  ExpectSuccess(trained);
  EXPECT_NE(trained.errors.find("frozen parts keep their random initial values (model.tower ctr)"),
            std::string::npos)
      << trained.errors;
  const test::Finished inspected = Run(0, Command("inspect", {NewestCheckpoint("run")}));
  ExpectSuccess(inspected);
  for (const char* part :
       {"\nnetwork     ", ": forward, ", " operations per exposure and ", " per context\n",
        "\nnode        input          context ", "mixture        exposure      4 wide         0 ",
        "  reads encoder.", "  frozen\n"}) {
    EXPECT_NE(inspected.output.find(part), std::string::npos) << part << "\n" << inspected.output;
  }
}

TEST_F(PipelineTest, CanonicalBytesOfInspectAreTheLibrarys) {
  ExpectSuccess(Run(0, Command("train", Config("run", "step { pull_ahead: 1 }"))));
  const std::string folder = NewestCheckpoint("run");
  ExpectSuccess(Run(0, Command("inspect", {folder, "--verify", "--canonical", Path("canonical")})));
  const std::string canonical = Canonical(files_, folder);
  EXPECT_TRUE(*ReadWholeFile(files_, Path("canonical")) == canonical);
  // What a user names may be a link.
  ASSERT_EQ(symlink("canonical", Path("link").c_str()), 0);
  ASSERT_TRUE(ReplaceFile(files_, Path("canonical"), "notes").ok());
  ExpectFailure(Run(0, Command("inspect", {folder, "--canonical", Path("link")})),
                "link is there and is no canonical state");
  EXPECT_EQ(*ReadWholeFile(files_, Path("canonical")), "notes");
  ASSERT_TRUE(ReplaceFile(files_, Path("canonical"), canonical.substr(0, 40)).ok());
  ExpectSuccess(Run(0, Command("inspect", {folder, "--canonical", Path("link")})));
  EXPECT_TRUE(*ReadWholeFile(files_, Path("canonical")) == canonical);
}

TEST_F(PipelineTest, OutputThatCannotBeWrittenIsAFailure) {
  const std::vector<std::string> full = {"sh", "-c", "exec \"$0\" \"$@\" > /dev/full"};
  for (const auto& command :
       {Command("train", {"--print-config"}), Command("inspect", {Path("train")})}) {
    std::vector<std::string> redirected = full;
    redirected.insert(redirected.end(), command.begin(), command.end());
    ExpectFailure(Run(0, redirected), "standard output");
  }
}

TEST_F(PipelineTest, AnIncompleteCheckpointIsSaidToBeOne) {
  ASSERT_TRUE(files_.CreateDirectories(Path("ckpt/step-000000000010")).ok());
  ExpectFailure(Run(0, Command("inspect", {Path("ckpt"), "--verify"})), "no MANIFEST");
}

TEST_F(PipelineTest, CommandsOfOneProcessAreRefusedOnSeveralRanks) {
  const auto generate = Command("generate", {"--set", "exposures=1000", "--output", Path("world")});
  ExpectFailure(Run(2, generate), "start it plainly");
  EXPECT_FALSE(files_.Exists(Path("world")));
  EXPECT_EQ(
      Run(0, Command("import", {"--schema", "s", "--output", "o", "--max-bad-rows", "-1"})).code,
      2);
}

TEST_F(PipelineTest, AGeneratedWorldIsEvaluatedAgainstItsTruth) {
  ExpectSuccess(
      Run(0, Command("generate", {"--set", "exposures=4000", "--output", Path("world")})));
  const test::Finished trained =
      Run(0, Command("train", {"--set", "data.log=" + Path("world"), "--set", "step.grain_rows=128",
                               "--set", "table.dim=4", "--set", "model.tower.hidden=8", "--set",
                               "evaluate.log=" + Path("world"), "--set",
                               "evaluate.oracle=" + Path("world/oracle.bin")}));
  ExpectSuccess(trained);
  EXPECT_NE(trained.output.find("best AUC"), std::string::npos) << trained.output;
}

}  // namespace
}  // namespace chorus::e2e
