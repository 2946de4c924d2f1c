// The schemas of configs/import take rows of the shapes in which their data sets are published. The
// rows here are made up.

#include <gmock/gmock.h>

#include <map>

#include "common/config.h"
#include "tests/worker/import/import_log_testing.h"

namespace chorus::worker {
namespace {

class PublishedLayoutsTest : public ImportTest {
 protected:
  // Imports `text` by configs/import/NAME.textproto.
  void Import(const std::string& name, const std::string& text,
              const std::vector<std::string>& sets = {}) {
    ImportSchema schema;
    ASSERT_OK(LoadConfig(StrCat(CHORUS_SOURCE_DIR "/configs/import/", name, ".textproto"), sets,
                         &schema));
    Write(text);
    if (files_->Exists("out")) ASSERT_OK(files_->RemoveRecursively("out"));
    const auto imported = ImportText(*files_, schema, {.inputs = {"in.csv"}, .output = "out"});
    ASSERT_OK(imported.status());
    summary_ = *imported;
    rows_ = ReadLog(*files_, "out", &schema_).at(0);
  }
  std::vector<std::string> Slots(bool context) const {
    std::vector<std::string> names;
    for (const SlotInfo& slot : schema_.slots) {
      if (slot.context == context) names.push_back(slot.name);
    }
    return names;
  }
  std::vector<std::string> Numerics() const {
    std::vector<std::string> names;
    for (const NumericInfo& numeric : schema_.numerics) names.push_back(numeric.name);
    return names;
  }

  ImportSummary summary_;
  LogSchema schema_;
  Batch rows_;
};

// "PREFIX1 SEPARATOR PREFIX2 ..."
std::string Numbered(const std::string& prefix, int first, int last, char separator) {
  std::string out;
  for (int i = first; i <= last; ++i) {
    out += StrCat(i == first ? "" : std::string(1, separator), prefix, i);
  }
  return out;
}

TEST_F(PublishedLayoutsTest, CriteoAttribution) {
  std::string text =
      "timestamp\tuid\tcampaign\tconversion\tconversion_timestamp\tconversion_id\tattribution\t"
      "click\tclick_pos\tclick_nb\tcost\tcpo\ttime_since_last_click\t" +
      Numbered("cat", 1, 9, '\t') + "\n";
  const std::string categories = Numbered("70", 1, 9, '\t') + "\n";
  text += "0\t31\t9001\t0\t-1\t-1\t0\t0\t-1\t-1\t1.5E-5\t0.4\t-1\t" + categories;
  text += "2\t32\t9001\t1\t600\t77\t1\t1\t0\t1\t2.5E-5\t0.4\t120\t" + categories;
  text += "5\t32\t9002\t1\t600\t77\t1\t0\t-1\t-1\t2.5E-5\t0.4\t123\t" + categories;
  Import("criteo_attribution", text);
  EXPECT_EQ(rows_.click, (std::vector<uint8_t>{0, 1, 0}));
  EXPECT_EQ(rows_.conversion, (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ(rows_.time, (std::vector<int64_t>{0, 2, 5}));
  EXPECT_EQ(Slots(false).size(), 11u);
  EXPECT_EQ(Numerics(), std::vector<std::string>{"time_since_last_click"});
  EXPECT_THAT(FormatSummary(summary_), ::testing::HasSubstr("time_since_last_click: missing"));
  EXPECT_EQ(summary_.left_out.size(), 7u) << "what is known only later";
}

TEST_F(PublishedLayoutsTest, Avazu) {
  Import("avazu",
         "id,click,hour,C1,banner_pos,site_id,site_domain,site_category,app_id,app_domain,"
         "app_category,device_id,device_ip,device_model,device_type,device_conn_type," +
             Numbered("C", 14, 21, ',') +
             "\n"
             "18446744073709551557,0,14102100,1005,0,0abc,f3,28,ec,78,07,a9,dd,44,1,2,"
             "15706,320,50,1722,0,35,-1,79\n"
             "10000371904215119486,1,14102101,1002,1,85fe,c4,50,ec,78,07,a9,96,71,0,0,"
             "15704,320,50,1722,0,35,100084,79\n");
  EXPECT_FALSE(schema_.has_conversion);
  EXPECT_EQ(rows_.click, (std::vector<uint8_t>{0, 1}));
  EXPECT_EQ(rows_.row_id, (std::vector<uint64_t>{18446744073709551557u, 10000371904215119486u}));
  EXPECT_EQ(rows_.time, (std::vector<int64_t>{14102100, 14102101}));
  EXPECT_EQ(Slots(false).size(), 21u);
}

TEST_F(PublishedLayoutsTest, CriteoDisplay) {
  std::string text;
  for (const char* label : {"0", "1"}) {
    text += label;
    for (int i = 1; i <= 13; ++i) text += i == 5 ? "\t" : StrCat("\t", i - 3);
    for (int i = 0; i < 26; ++i) text += i == 7 ? "\t" : StrCat("\t0f0", i, "ab");
    text += "\n";
  }
  Import("criteo_display", text);
  EXPECT_EQ(rows_.click, (std::vector<uint8_t>{0, 1}));
  EXPECT_EQ(Numerics().size(), 13u);
  ASSERT_EQ(Slots(false).size(), 26u);
  EXPECT_EQ(Slots(false).front(), "14");
  EXPECT_EQ(Slots(false).back(), "39");
  EXPECT_TRUE(rows_.exposures.slots[7].keys.empty()) << "an empty cell has no id";
}

TEST_F(PublishedLayoutsTest, AliExpress) {
  std::string text = "search_id," + Numbered("categorical_", 1, 16, ',') + "," +
                     Numbered("numerical_", 1, 63, ',') + ",click,conversion\n";
  for (const char* labels : {"0.0,0.0", "1.0,0.0", "1.0,1.0"}) {
    text +=
        "12," + Numbered("", 1, 16, ',') + "," + Numbered("0.2", 1, 63, ',') + "," + labels + "\n";
  }
  Import("aliexpress", text);
  EXPECT_EQ(rows_.click, (std::vector<uint8_t>{0, 1, 1}));
  EXPECT_EQ(rows_.conversion, (std::vector<uint8_t>{0, 0, 1}));
  EXPECT_EQ(Slots(false).size(), 16u);
  EXPECT_EQ(Numerics().size(), 63u);
  EXPECT_TRUE(schema_.has_group);
}

constexpr char kKuaiRandHeader[] =
    "user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,is_forward,"
    "is_hate,long_view,play_time_ms,duration_ms,profile_stay_time,comment_stay_time,"
    "is_profile_enter,is_rand,tab";

TEST_F(PublishedLayoutsTest, KuaiRand) {
  Import("kuairand",
         StrCat(kKuaiRandHeader, "\n",
                "7,501,20220408,1700,1649408400123,1,1,0,0,0,0,1,9000,12000,0,0,0,0,1\n"
                "7,502,20220408,1700,1649408410456,0,0,0,0,0,0,0,10,93000,0,0,0,0,1\n"));
  EXPECT_EQ(rows_.click, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(rows_.conversion, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(rows_.time[0], 1649408400123);
  EXPECT_EQ(rows_.contexts.rows, 1u) << "one user's rows share a context";
  EXPECT_EQ(Slots(true), std::vector<std::string>{"user_id"});
  EXPECT_EQ(Slots(false), (std::vector<std::string>{"video_id", "tab"}));
}

TEST_F(PublishedLayoutsTest, KuaiRandWithFeaturesThatWereJoined) {
  Import("kuairand",
         StrCat(kKuaiRandHeader, ",user_active_degree,author_id\n",
                "7,501,20220408,1700,1649408400123,1,1,0,0,0,0,1,9000,12000,0,0,0,0,1,full,88\n"));
  EXPECT_EQ(Slots(false),
            (std::vector<std::string>{"video_id", "tab", "user_active_degree", "author_id"}));
}

TEST_F(PublishedLayoutsTest, Tenrec) {
  const std::string header =
      "user_id,item_id,click,follow,like,share,video_category,"
      "watching_times,gender,age," +
      Numbered("hist_", 1, 10, ',') + "\n";
  const std::string row = "3,901,1,0,1,0,2,4,1,5," + Numbered("90", 1, 10, ',') + "\n";
  Import("tenrec", header + row + "4,902,0,0,0,0,\\N,0,0,0," + Numbered("90", 1, 10, ',') + "\n");
  EXPECT_EQ(rows_.click, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(rows_.conversion, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(Slots(false).size(), 15u);
  std::map<std::string, const SlotColumn*> slots;
  for (size_t s = 0; s < schema_.slots.size(); ++s) {
    slots[schema_.slots[s].name] = &rows_.exposures.slots[s];
  }
  EXPECT_EQ(slots["item_id"]->keys[0], slots["hist_1"]->keys[0]) << "item 901 in both";
  EXPECT_EQ(slots["video_category"]->keys.size(), 1u);
  Import("tenrec", header + row, {"conversion=follow"});
  EXPECT_EQ(rows_.conversion, std::vector<uint8_t>{0});
}

}  // namespace
}  // namespace chorus::worker
