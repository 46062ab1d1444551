module callsift

go 1.26

require (
	github.com/klauspost/compress v1.20.3
	github.com/mattn/go-sqlite3 v1.14.53
)
