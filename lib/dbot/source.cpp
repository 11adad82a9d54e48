#include "dbot/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dbot/number.hpp"

namespace derivd::dbot {
namespace {

/// Of one block: the most known is some sixty branches of an `if`.
constexpr std::size_t kMaxInputs = 2000;
constexpr std::size_t kMaxFields = 100;

bool is_true(std::string_view text) { return text == "true" || text == "TRUE"; }

double place(std::string_view text) {
  const double n = number_of(text);
  return std::isfinite(n) ? n : 0;
}

class Reader final {
 public:
  explicit Reader(const XmlTree& tree) : tree_(tree), block_of_(tree.size(), -1) {}

  Source read() {
    out_.native = is_true(tree_.front().attribute("is_dbot"));
    out_.library = is_true(tree_.front().attribute("collection"));
    for (std::size_t i = 1; i < tree_.size(); ++i) take(static_cast<int>(i));
    std::ranges::stable_sort(out_.tops, [this](int a, int b) {
      const auto& l = out_.at(a);
      const auto& r = out_.at(b);
      return l.y != r.y ? l.y < r.y : l.x < r.x;
    });
    return std::move(out_);
  }

 private:
  const XmlElement& element(int i) const { return tree_[static_cast<std::size_t>(i)]; }
  const XmlElement& parent(const XmlElement& e) const { return element(e.parent); }
  /// The block that the element belongs to directly; null: none.
  Block* owner(const XmlElement& e) {
    const int index = block_of_[static_cast<std::size_t>(e.parent)];
    return index < 0 ? nullptr : &out_.blocks[static_cast<std::size_t>(index)];
  }
  void refuse(const XmlElement& e, std::string block, std::string text) {
    if (out_.problems.size() < kMaxProblems)
      out_.problems.push_back({e.line, std::move(block), std::move(text)});
  }

  void take(int i) {
    const auto& e = element(i);
    if (inside_note(e)) return;
    if (e.name == "block" || e.name == "shadow") return take_block(i, e);
    if (e.name == "variables" || e.name == "comment" || e.name == "data") return;
    if (e.name == "variable") return take_variable(e);
    if (e.name == "arg") return take_argument(e);
    auto* block = owner(e);
    if (block == nullptr) {
      // Notes on the canvas and the like say nothing; what holds blocks is found at the blocks.
      return;
    }
    if (e.name == "field" || e.name == "title") return take_field(*block, e);
    if (e.name == "value" || e.name == "statement") return take_input(*block, e);
    if (e.name == "mutation") {
      block->mutation.present = true;
      for (const auto& a : e.attributes) block->mutation.attributes.push_back(a);
      return;
    }
    if (e.name != "next") {
      refuse(e, block->type, fmt::format("an element <{}> is not known", e.name));
    }
  }

  /// Whether the element stands inside a comment or the data of an extension.
  bool inside_note(const XmlElement& e) const {
    const auto& p = parent(e);
    return p.name == "comment" || p.name == "data";
  }

  void take_variable(const XmlElement& e) {
    out_.variables.push_back({std::string(e.attribute("id")), e.text});
  }

  void take_argument(const XmlElement& e) {
    const auto& p = parent(e);
    auto* block = p.name == "mutation" && p.parent >= 0 ? owner(p) : nullptr;
    if (block == nullptr) return refuse(e, {}, "an <arg> stands outside a <mutation>");
    auto id = e.attribute("varid");
    if (id.empty()) id = e.attribute("varId");
    block->mutation.arguments.push_back({std::string(e.attribute("name")), std::string(id)});
  }

  void take_field(Block& block, const XmlElement& e) {
    if (block.fields.size() >= kMaxFields) return refuse(e, block.type, "has too many fields");
    block.fields.push_back(
        {std::string(e.attribute("name")), std::string(e.attribute("id")), e.text, e.line});
  }

  void take_input(Block& block, const XmlElement& e) {
    const auto name = e.attribute("name");
    if (block.inputs.size() >= kMaxInputs) return refuse(e, block.type, "has too many inputs");
    if (block.input(name) != nullptr) {
      return refuse(e, block.type, fmt::format("two inputs are called {}", name));
    }
    Input input;
    input.name = name;
    input.statement = e.name == "statement";
    input.line = e.line;
    block.inputs.push_back(std::move(input));
  }

  void take_block(int i, const XmlElement& e) {
    Block block;
    block.type = e.attribute("type");
    block.id = e.attribute("id");
    block.line = e.line;
    block.disabled = is_true(e.attribute("disabled"));
    block.shadow = e.name == "shadow";
    block.x = place(e.attribute("x"));
    block.y = place(e.attribute("y"));
    const int index = static_cast<int>(out_.blocks.size());
    block_of_[static_cast<std::size_t>(i)] = index;
    const auto type = block.type;
    out_.blocks.push_back(std::move(block));
    if (!attach(e, index)) {
      refuse(e, type,
             fmt::format("a block stands inside <{}>, where it means nothing", parent(e).name));
    }
  }

  bool attach(const XmlElement& e, int index) {
    const auto& p = parent(e);
    if (p.parent < 0) {
      out_.tops.push_back(index);
      return true;
    }
    auto* block = owner(p);
    if (block == nullptr) return false;
    if (p.name == "next") {
      if (block->next >= 0) return false;
      block->next = index;
      return true;
    }
    if (p.name != "value" && p.name != "statement") return false;
    const auto at = std::ranges::find(block->inputs, p.attribute("name"), &Input::name);
    if (at == block->inputs.end()) return false;
    int& slot = e.name == "shadow" ? at->shadow : at->block;
    if (slot >= 0) return false;
    slot = index;
    return true;
  }

  const XmlTree& tree_;
  std::vector<int> block_of_;
  Source out_;
};

}  // namespace

std::string_view Mutation::attribute(std::string_view key) const {
  for (const auto& [name, value] : attributes) {
    if (name == key) return value;
  }
  return {};
}

const Field* Block::field(std::string_view name) const {
  const auto it = std::ranges::find(fields, name, &Field::name);
  return it == fields.end() ? nullptr : &*it;
}

const Input* Block::input(std::string_view name) const {
  const auto it = std::ranges::find(inputs, name, &Input::name);
  return it == inputs.end() ? nullptr : &*it;
}

std::variant<Source, Problem> read_source(std::string_view bytes) {
  auto tree = parse_xml(bytes);
  if (auto* problem = std::get_if<Problem>(&tree)) return std::move(*problem);
  auto source = Reader(std::get<XmlTree>(tree)).read();
  if (source.blocks.empty()) return Problem{0, {}, "no block is in it: not a program"};
  return source;
}

}  // namespace derivd::dbot
