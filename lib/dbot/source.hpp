// Owns a program as its file has it: blocks with their fields, inputs and successors, in flat
// lists. The compiler reads it and throws it away. It never knows what a block means.
//
// Rules: semantics.md, section 1.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dbot/xml.hpp"

namespace derivd::dbot {

/// A file that is wrong throughout is told with its first ones.
inline constexpr std::size_t kMaxProblems = 1000;

struct Field {
  std::string name;
  std::string id;  // of a variable
  std::string text;
  int line = 0;
};

struct Input {
  std::string name;
  bool statement = false;  // else a value
  int block = -1;          // index of a real block
  int shadow = -1;         // of the default, which a real block replaces
  int line = 0;
};

struct Argument {
  std::string name;
  std::string id;  // of the variable
};

/// The attributes of `mutation`: how many branches, items, parameters a block has.
struct Mutation {
  bool present = false;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<Argument> arguments;
  std::string_view attribute(std::string_view key) const;
};

struct Block {
  std::string type;
  std::string id;
  int line = 0;
  bool disabled = false;
  bool shadow = false;
  double x = 0;
  double y = 0;
  std::vector<Field> fields;
  std::vector<Input> inputs;
  Mutation mutation;
  int next = -1;

  const Field* field(std::string_view name) const;
  const Input* input(std::string_view name) const;
};

struct Declared {
  std::string id;
  std::string name;
};

struct Source {
  bool native = false;   // is_dbot="true"
  bool library = false;  // collection="true"
  std::vector<Block> blocks;
  std::vector<int> tops;  // by place on the canvas: from above, then from the left
  std::vector<Declared> variables;
  std::vector<Problem> problems;  // elements at places where they mean nothing

  const Block& at(int index) const { return blocks[static_cast<std::size_t>(index)]; }
};

/// The one problem of a file that is no XML or holds no block, else the source with all problems.
std::variant<Source, Problem> read_source(std::string_view bytes);

}  // namespace derivd::dbot
