module derivd.wire/peers/go

go 1.24.1

require github.com/ksysoev/deriv-api v0.6.0

require (
	github.com/coder/websocket v1.8.13 // indirect
	golang.org/x/text v0.23.0 // indirect
)
