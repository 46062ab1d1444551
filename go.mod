module callsift

go 1.26
