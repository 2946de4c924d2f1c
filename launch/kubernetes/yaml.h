#pragma once
// Writes the YAML that Kubernetes reads: maps and lists by indentation, every text in quotes.
// Thread safety: none.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chorus::launch {

class Yaml {
 public:
  // A map or a list item: everything that is written while the Block lives belongs to it.
  class Block {
   public:
    explicit Block(Yaml* yaml) : yaml_(yaml) { ++yaml_->depth_; }
    ~Block() { --yaml_->depth_; }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

   private:
    Yaml* const yaml_;
  };

  void Comment(std::string_view text);
  void Begin();  // the next document
  void Text(std::string_view key, std::string_view value);
  void Number(std::string_view key, uint64_t value);
  void Flag(std::string_view key, bool value);
  void Words(std::string_view key, const std::vector<std::string>& values);  // a list of texts
  void Lines(std::string_view key, std::string_view text);  // a text of several lines, as it is
  [[nodiscard]] Block Map(std::string_view key);            // or a list, of the items in it
  [[nodiscard]] Block Item();                               // of a list: a map

  const std::string& text() const { return out_; }

 private:
  void Key(std::string_view key);

  std::string out_;
  size_t depth_ = 0;
  bool begins_item_ = false;  // the next key is the first of an item
};

}  // namespace chorus::launch
