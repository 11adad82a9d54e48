// Owns the terminal while `derivctl top` is on it: the frame on the screen and the keys. ncurses
// stands behind it, in one file. The terminal is as it was on every way out, signals included. Used
// on one thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "derivctl/top_frame.hpp"

namespace derivd::ctl {

enum class Key { kUp, kDown, kResize, kOther };
/// A key that has a name, or a character.
struct Press {
  Key key = Key::kOther;
  char character = 0;
};

class TerminalView final {
 public:
  /// Takes the terminal. An error says why there is none to be had.
  static core::Result<std::unique_ptr<TerminalView>> open();
  TerminalView(const TerminalView&) = delete;
  TerminalView& operator=(const TerminalView&) = delete;
  ~TerminalView();

  FrameSize size() const;
  void draw(const std::vector<FrameLine>& lines);
  /// The next key; nothing within that time.
  std::optional<Press> read(std::chrono::milliseconds within);

 private:
  struct Screen;
  explicit TerminalView(std::unique_ptr<Screen> screen);
  std::unique_ptr<Screen> screen_;
};

}  // namespace derivd::ctl
