// Owns the compiler's state while one file is compiled. compiler.cpp finds the sections,
// compile_trade.cpp reads what is traded, compile_block.cpp knows each form of block. Nobody else
// includes it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dbot/block_table.hpp"
#include "dbot/compiler.hpp"

namespace derivd::dbot {

class Compiler final {
 public:
  Compiler(const Source& source, std::string_view symbol);
  Compiled run(std::string_view bytes);

 private:
  enum class Fate : std::uint8_t { kUnseen, kLive, kDisabled, kStray, kDropped, kReplaced };
  /// Where a variable lives: a global, or a parameter of the function being compiled.
  struct Place {
    bool local = false;
    int index = 0;
  };
  struct Loop {
    std::vector<int> breaks;
    std::vector<int> continues;
  };

  // compiler.cpp
  void declare_variables();
  int global(const std::string& name);
  static bool is_main(std::string_view type);
  void choose(int& slot, int index);
  void find_sections();
  void take_loader(int index);
  void find_list_helper();
  void declare_functions();
  int find_function(const std::string& name) const;
  void compile_functions();
  int section(int index, std::string_view stack, std::string_view name);
  void compile_sections();
  void order_prompts();
  void mark_the_rest();
  void check_complete();
  void count();

  void note(int line, std::string text);
  void problem(int index, std::string text);
  void problem_at(int line, int index, std::string text);
  int new_constant(Constant constant);
  Fate fate(int index) const { return fates_[static_cast<std::size_t>(index)]; }
  void live(int index);
  void mark(int index, Fate as, bool whole_chain);
  int input_block(int index, std::string_view name);
  std::string field(int index, std::string_view name) const;
  int emit(Op op, int arg = 0, int count = 0, int flag = 0);
  void patch(int at);
  void push_number(double n);
  void push_text(std::string text);
  void push_default(std::string_view text);
  void begin_function(std::string name);
  Function end_function();
  int add_function();
  int new_local();
  Place place_of(int index, std::string_view field);
  void load(Place p);
  void store(Place p);

  // compile_trade.cpp
  void compile_definition();
  void compile_parameters(int first);
  void take_parameter(std::string_view name, const std::string& text, int index);
  void compile_binary_trade(int index);
  void take_symbol(const std::string& text, int index);
  void take_trade_type(const std::string& text, int index);
  bool flag_of(const std::string& text, bool fallback) const;
  void start_and_init(const std::vector<int>& init, const std::vector<int>& start);
  void options(int index, const BlockType& type);
  void options_inputs(int index, OptionsShape& shape);
  void limits(int index, std::string_view stack, OptionsShape& shape);
  void multiplier(int index);
  void accumulator(int index);
  void purchase(int index, const BlockType& type);
  bool v1_symbol(int index);
  void unused_input(int index, std::string_view name);
  std::string parameter_text(int index, std::string_view name);

  // compile_block.cpp
  void chain(int first);
  void statement(int index);
  void value(int index, std::string_view input, std::string_view fallback);
  void value_block(int index);
  void enter(int index);
  void leave(int index);
  void check_fields(int index, const BlockType& type);
  void check_inputs(int index, const BlockType& type);
  void check_secret(const Field& f, int index);
  int choice(int index, std::string_view rule);
  void body(int index, const BlockType& type, bool as_statement);
  bool body_value(int index, const BlockType& type);
  bool body_statement(int index, const BlockType& type);
  void builtin(int index, const BlockType& type);
  int builtin_flag(int index, const BlockType& type, int variant);
  void call_builtin(Builtin builtin, int count, int flag = 0);
  void if_block(int index);
  void compare(int index);
  void operation(int index);
  void ternary(int index);
  void arithmetic(int index);
  void number(int index);
  void constant(int index);
  void items(int index, std::string_view inner, std::string_view fallback, bool text);
  void text_join(int index, bool as_statement);
  void list_create(int index, bool as_statement);
  void prompt(int index);
  void list_get(int index);
  void list_set(int index);
  void slice(int index);
  void repeat(int index, const BlockType& type);
  void while_loop(int index);
  void for_loop(int index);
  void for_each(int index);
  void flow(int index);
  void inner(int index, std::string_view stack);
  void close_loop(int again);
  void call(int index, bool as_statement);
  void if_return(int index);
  void indicator(int index, const BlockType& type, bool as_statement);
  int indicator_parameter(int index, std::string_view block, std::string_view input,
                          std::string_view fallback);
  void notify(int index, const BlockType& type);
  void candle(int index, const BlockType& type);
  int interval_of(const std::string& text, int index);
  void telegram(int index);
  void webhook(int index);
  void digits(int index, const BlockType& type);

  const Source& source_;
  std::string symbol_;
  Compiled out_;
  std::vector<Fate> fates_;
  std::map<std::string, int, std::less<>> by_id_;
  std::map<std::string, int, std::less<>> by_name_;
  std::map<std::string, int, std::less<>> functions_;
  std::map<std::string, int, std::less<>> lower_functions_;
  std::map<std::uint64_t, int> numbers_;  // constants by the bits of the number
  std::map<std::string, int, std::less<>> texts_;
  int definition_ = -1;
  int before_ = -1;
  int during_ = -1;
  int after_ = -1;
  int loader_ = -1;
  int bad_interval_ = -1;  // the block whose default interval of candles is not offered
  std::vector<int> analyses_;
  std::vector<int> definitions_;
  std::vector<int> function_of_block_;  // beside definitions_
  std::vector<int> prompt_constants_;   // beside program.prompts
  std::vector<std::string> told_;       // vendors' types that a note was written for
  int list_helper_ = -1;
  bool calls_missing_ = false;
  int depth_ = 0;
  int line_ = 0;
  Function current_;
  std::vector<std::string> parameters_;
  std::vector<Loop> loops_;
};

}  // namespace derivd::dbot
