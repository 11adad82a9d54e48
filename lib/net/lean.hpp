// Owns the Asio types of net's own files, with io_context's own executor instead of the type-erased
// one: half the compile time and no indirect call for each operation. Only they and tests include
// it. It holds no state.
//
// g++ 12 destroys a lambda or an aggregate temporary inside a co_await expression twice, and
// crashes the program at `if (!co_await f())`: everything that a co_await expression mentions is a
// named local, a member or kAwait, and its result goes to a named local.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>

namespace derivd::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

/// Of a server that is out of descriptors: lets some end.
inline constexpr auto kAcceptPause = std::chrono::milliseconds(100);

template <class T>
using Task = asio::awaitable<T, Executor>;
/// Completes with a tuple that begins with the error code; nothing throws.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

/// Starts a coroutine, never from inside the caller. `start` makes it and is kept until then. What
/// it throws comes out of io_context::run(): that is a bug or the end of memory.
template <class Start>
void spawn_later(const Executor& executor, Start start) {
  asio::post(executor, [executor, start = std::move(start)] {
    asio::co_spawn(executor, start(), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  });
}

}  // namespace derivd::net
