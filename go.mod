module callsift

go 1.26

require (
	github.com/klauspost/compress v1.20.3
	github.com/mattn/go-sqlite3 v1.14.53
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jedib0t/go-pretty/v6 v6.8.3 // indirect
	github.com/spf13/cobra v1.10.2 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
)
	github.com/google/go-cmp v0.7.0
	github.com/rogpeppe/go-internal v1.16.0
)

require golang.org/x/tools v0.26.0 // indirect
	github.com/gopacket/gopacket v1.7.7 // indirect
)
