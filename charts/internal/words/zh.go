package words

// zh is the report in Chinese.
var zh = map[string]string{}
