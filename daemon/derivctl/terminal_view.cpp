#include "derivctl/terminal_view.hpp"

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <string_view>

namespace derivd::ctl {
namespace {

using out::Paint;

short colour_of(Paint paint) {
  switch (paint) {
    case Paint::kGood:
      return COLOR_GREEN;
    case Paint::kWarn:
      return COLOR_YELLOW;
    case Paint::kBad:
      return COLOR_RED;
    case Paint::kNone:
    case Paint::kHead:
    case Paint::kDim:
      break;
  }
  return -1;
}

/// In a locale without UTF-8 the blocks of a curve would be several wrong characters each.
std::string plain(std::string_view text) {
  static constexpr std::string_view kLevels = "._-=+*%#";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out += text[i];
    } else if ((byte & 0xc0) == 0xc0) {
      // U+2581 to U+2588, from one eighth of a block to a whole one.
      const bool block = text.substr(i, 2) == "\xe2\x96" && i + 2 < text.size();
      const auto step = block ? static_cast<unsigned char>(text[i + 2]) - 0x81 : 8;
      out += step >= 0 && step < 8 ? kLevels[static_cast<std::size_t>(step)] : '?';
    }
  }
  return out;
}

}  // namespace

struct TerminalView::Screen {
  bool colours = false;
  bool utf8 = false;

  attr_t look_of(Paint paint) const {
    const attr_t bold = paint == Paint::kHead || (!colours && paint == Paint::kBad) ? A_BOLD : 0;
    const attr_t dim = paint == Paint::kDim ? A_DIM : 0;
    if (!colours || colour_of(paint) < 0) return bold | dim;
    return bold | dim | static_cast<attr_t>(COLOR_PAIR(static_cast<int>(paint)));
  }
};

TerminalView::TerminalView(std::unique_ptr<Screen> screen) : screen_(std::move(screen)) {}

core::Result<std::unique_ptr<TerminalView>> TerminalView::open() {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
    return core::invalid("top needs a terminal; --once prints one frame");
  }
  std::setlocale(LC_CTYPE, "");
  auto made = std::make_unique<Screen>();
  made->utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  if (::initscr() == nullptr) return core::invalid("this terminal cannot show a screen");
  ::cbreak();
  ::noecho();
  ::nonl();
  ::intrflush(stdscr, FALSE);
  ::keypad(stdscr, TRUE);
  ::curs_set(0);
  const char* none = std::getenv("NO_COLOR");  // no-color.org: set, and to something
  made->colours = (none == nullptr || *none == '\0') && ::has_colors() && ::start_color() == OK &&
                  ::use_default_colors() == OK;
  if (made->colours) {
    for (const auto paint : {Paint::kGood, Paint::kWarn, Paint::kBad}) {
      ::init_pair(static_cast<short>(paint), colour_of(paint), -1);
    }
  }
  return std::unique_ptr<TerminalView>(new TerminalView(std::move(made)));
}

TerminalView::~TerminalView() { ::endwin(); }

FrameSize TerminalView::size() const {
  return {static_cast<std::size_t>(std::max(getmaxx(stdscr), 1)),
          static_cast<std::size_t>(std::max(getmaxy(stdscr), 1))};
}

void TerminalView::draw(const std::vector<FrameLine>& lines) {
  ::werase(stdscr);
  const auto rows = std::min(lines.size(), size().rows);
  for (std::size_t row = 0; row < rows; ++row) {
    ::wmove(stdscr, static_cast<int>(row), 0);
    for (const auto& span : lines[row]) {
      ::wattrset(stdscr, static_cast<int>(screen_->look_of(span.paint)));
      const auto& text = screen_->utf8 ? span.text : plain(span.text);
      ::waddnstr(stdscr, text.c_str(), static_cast<int>(text.size()));
    }
  }
  ::wattrset(stdscr, 0);
  ::wrefresh(stdscr);
}

std::optional<Press> TerminalView::read(std::chrono::milliseconds within) {
  ::wtimeout(stdscr, static_cast<int>(within.count()));
  const int key = ::wgetch(stdscr);
  switch (key) {
    case ERR:
      return std::nullopt;
    case KEY_UP:
      return Press{Key::kUp};
    case KEY_DOWN:
      return Press{Key::kDown};
    case KEY_RESIZE:
      return Press{Key::kResize};
    default:
      return Press{Key::kOther, key > 0 && key < 0x80 ? static_cast<char>(key) : '\0'};
  }
}

}  // namespace derivd::ctl
