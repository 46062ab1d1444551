package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"callsift/store/codes"
)

// columnNames are the names by which --columns calls the columns.
var columnNames = map[string]recordColumn{
	"start": recStart, "date": recDate, "time": recTime, "answer": recAnswer, "end": recEnd,
	"duration": recDuration, "talk": recTalk, "caller": recCaller, "callee": recCallee, "clid": recClid,
	"result": recResult, "cause": recCause, "code": recCode, "trunk": recTrunk, "direction": recDirection,
	"context": recContext, "channel": recChannel, "dstchannel": recDstChannel, "lastapp": recLastApp,
	"lastdata": recLastData, "uniqueid": recUnique, "linkedid": recLinked, "callid": recCallID, "id": recID,
	"device": recDevice, "peer": recPeer, "useragent": recAgent,
}

// CheckColumns says what is wrong with a mapping of columns, as `import
// --columns start=Date,caller=From` gives it: unknown names on the left, or
// nothing on the right of an equals sign. nil: nothing.
func CheckColumns(mapping map[string]string) error {
	names := slices.Sorted(maps.Keys(columnNames))
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		if columnNames[name] == recNone {
			return fmt.Errorf("no column %q; columns are %s", name, strings.Join(names, ", "))
		}
		if strings.TrimSpace(mapping[name]) == "" {
			return fmt.Errorf("nothing for column %q, want a header's word or a column's number", name)
		}
	}
	return nil
}

// headerWords are the words of headers and keys by what they mean, as
// headerWord writes them: small letters and digits alone, without what stands
// in brackets. Asterisk's own names first, then those of other exports in
// English and Chinese.
var headerWords = wordTable(map[recordColumn]string{
	recStart: `calldate start starttime startstamp startdate starttimestamp datetime dateandtime dateandtimeofcall callstart callstarttime
		calldatetime begin begintime timestart timestamp setuptime 开始时间 起始时间 呼叫时间 呼叫开始时间 通话开始时间 发起时间 拨打时间 拨号时间 来电时间 開始時間`,
	recDate:     `date calldateonly 日期 通话日期 呼叫日期`,
	recTime:     `time timeofday 时间 時間`,
	recAnswer:   `answer answertime answerstamp answeredtime answertimestamp connecttime 接听时间 应答时间 接通时间`,
	recEnd:      `end endtime endstamp enddate endtimestamp hanguptime disconnecttime releasetime timeend stoptime 结束时间 挂断时间 挂机时间 释放时间 通话结束时间 結束時間`,
	recDuration: `duration durationsec durationseconds callduration totalduration elapsed length calllength 时长 呼叫时长 总时长 持续时间 持续时长 時長`,
	recTalk:     `billsec billableseconds billseconds talk talktime talkduration talkingtime conversationtime conversationduration connectedtime 通话时长 通话秒数 计费时长 计费秒数 通話時長`,
	recCaller:   `src caller from source callernumber callingnumber callingparty callingpartynumber calling cpn ani anumber fromnumber 主叫 主叫号码 主叫号 主叫方 來電號碼 来电号码 呼叫方`,
	recCallee: `dst callee to destination called calledno calledparty calledpartynumber callednumber calleenumber destinationnumber dialed dialednumber dialled
		diallednumber cdpn dnis bnumber tonumber 被叫 被叫号码 被叫号 被叫方 去电号码 拨打号码`,
	recClid:   `clid callerid callerids calleridnumber 主叫显示`,
	recResult: `disposition status result callstatus callresult callstate state outcome callersult 状态 通话状态 呼叫状态 结果 呼叫结果 通话结果 接听状态 应答状态 狀態`,
	recCause: `hangupcause cause q850 q850cause causecode hangupcausecode disconnectcause releasecause terminationcause disconnectreason hangupreason reason
		挂断原因 释放原因 原因 结束原因 原因码 失败原因 挂机原因 掛斷原因`,
	recCode: `sipcode sipstatus sipresponse sipresponsecode responsecode sipcause sipstatuscode statuscode 响应码 状态码 sip响应码 sip状态码`,
	recTrunk: `trunk trunkname trunknumber trunkid gateway gatewayname carrier carriername provider providername
		中继 中继线 中继名称 中继号 中继号码 线路 线路名称 外线 网关 運營商 运营商 中繼`,
	recDirection:  `direction calldirection calltype type 方向 呼叫方向 呼叫类型 通话类型 类型 话单类型`,
	recContext:    `dcontext context destinationcontext`,
	recChannel:    `channel srcchannel sourcechannel callerchannel`,
	recDstChannel: `dstchannel destinationchannel destchannel calleechannel`,
	recLastApp:    `lastapp lastapplication`,
	recLastData:   `lastdata lastapplicationdata`,
	recUnique:     `uniqueid`,
	recLinked:     `linkedid linkid`,
	recCallID:     `sipcallid callid 呼叫id 呼叫标识`,
	recID:         `id recordid cdrid uuid`,
	recDevice:     `device devicename host hostname server pbx system 设备 设备名称`,
	recPeer:       `peerip peeraddress remoteip remoteaddress remoteipaddress ipaddress 对端地址 对端ip`,
	recAgent:      `useragent`,
})

func wordTable(lists map[recordColumn]string) map[string]recordColumn {
	table := map[string]recordColumn{}
	for column, list := range lists {
		for _, word := range strings.Fields(list) {
			table[word] = column
		}
	}
	return table
}

// headerWord is a header cell as headerWords has it: "Duration (s)" is
// "duration", "Call_Date" is "calldate".
func headerWord(cell string) string {
	if len(cell) > 128 {
		return ""
	}
	var b strings.Builder
	depth := 0
	for _, c := range strings.ToLower(cell) {
		switch {
		case c == '(' || c == '[' || c == '（':
			depth++
		case c == ')' || c == ']' || c == '）':
			depth--
		case depth <= 0 && (unicode.IsLetter(c) || unicode.IsDigit(c)):
			b.WriteRune(c)
		}
	}
	return b.String()
}

// mapHeader tells what columns mean by their header cells; of two that mean
// the same the first counts. mapping, if not nil, goes before the words.
func mapHeader(cells []string, mapping map[string]string) []recordColumn {
	columns := make([]recordColumn, len(cells))
	var taken [recordColumns]bool
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		c, want := columnNames[name], strings.TrimSpace(mapping[name])
		for i, cell := range cells {
			if columns[i] == recNone && !taken[c] && strings.EqualFold(strings.TrimSpace(cell), want) {
				columns[i], taken[c] = c, true
			}
		}
	}
	for i, cell := range cells {
		if columns[i] != recNone {
			continue
		}
		if c := headerWords[headerWord(cell)]; c != recNone && !taken[c] && mapping[columnName(c)] == "" {
			columns[i], taken[c] = c, true
		}
	}
	return columns
}

func columnName(column recordColumn) string {
	for name, c := range columnNames {
		if c == column {
			return name
		}
	}
	return ""
}

// numberedColumns is a mapping whose right sides are all column numbers, which
// count from 1: the source needs no header then. nil if they are not.
func numberedColumns(mapping map[string]string) []recordColumn {
	var columns []recordColumn
	for name, text := range mapping {
		n := digits(strings.TrimSpace(text))
		if n < 1 || n > maxTableColumns {
			return nil
		}
		for len(columns) < n {
			columns = append(columns, recNone)
		}
		columns[n-1] = columnNames[name]
	}
	return columns
}

// missing names what a table lacks to be one of calls; empty: nothing.
func missing(columns []recordColumn) string {
	has := hasOf(columns)
	switch {
	case !has[recStart] && !has[recDate] && !has[recTime]:
		return "no column for the start"
	case !has[recCaller] && !has[recCallee] && !has[recClid]:
		return "no column for the calling or the called number"
	case !has[recResult] && !has[recTalk] && !has[recDuration] && !has[recEnd] && !has[recCause] && !has[recCode]:
		return "no column for the result, the end or the duration"
	}
	return ""
}

func hasOf(columns []recordColumn) (has [recordColumns]bool) {
	for _, c := range columns {
		has[c] = c != recNone
	}
	return has
}

// resultWords are words for results in exports, in small letters.
var resultWords = resultTable()

func resultTable() map[string]codes.Outcome {
	table := map[string]codes.Outcome{}
	for outcome, list := range map[codes.Outcome]string{
		codes.Answered: "answered,answer,success,successful,ok,connected,completed,complete,normal,talk,已接听,已接,接通,已接通,成功,应答,已应答,接听,正常,已接聽",
		codes.User: "no answer,noanswer,not answered,unanswered,missed,missed call,busy,user busy,line busy,declined,rejected,reject,refused,ring no answer,no reply," +
			"未接,未接听,未接通,无人接听,无应答,未应答,忙,占线,用户忙,遇忙,拒接,拒绝,未接來電,未接来电",
		codes.Abandoned:    "cancel,cancelled,canceled,caller cancelled,abandoned,abandon,originator cancel,取消,主叫取消,放弃,主叫挂断",
		codes.Failed:       "failed,failure,fail,congestion,error,unreachable,chanunavail,channel unavailable,unavailable,not found,forbidden,失败,呼叫失败,拥塞,错误,不可达",
		codes.NotConnected: "unknown,not connected,notconnected,disconnected,未知,未连接",
	} {
		for _, word := range strings.Split(list, ",") {
			table[word] = outcome
		}
	}
	return table
}

// resultWord is the outcome of a word for a result; ok is false for others.
func resultWord(word string) (codes.Outcome, bool) {
	if outcome, _ := astDisposition(word); outcome != "" {
		return outcome, true
	}
	if len(word) > 64 {
		return "", false
	}
	outcome, ok := resultWords[strings.ToLower(strings.NewReplacer("_", " ", "-", " ").Replace(word))]
	return outcome, ok
}

// directionWord reads a word for a direction.
func directionWord(word string) (codes.Direction, bool) {
	switch strings.ToLower(word) {
	case "in", "inbound", "incoming", "terminated", "呼入", "来电", "入局":
		return codes.In, true
	case "out", "outbound", "outgoing", "originated", "呼出", "去电", "出局", "外呼":
		return codes.Out, true
	case "internal", "local", "内部", "内线", "内部呼叫", "本地":
		return codes.Internal, true
	}
	return "", false
}

// firstCode is the SIP status in a column of its own, or that a result begins
// with ("486 Busy Here", "SIP 486"); codes.Unknown if there is none.
func firstCode(texts ...string) int {
	for _, s := range texts {
		s = strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(s), "SIP"), "/2.0")
		s = strings.TrimLeft(s, " :;")
		if len(s) > 3 && s[3] != ' ' || len(s) < 3 {
			continue
		}
		if n := digits(s[:3]); n >= 100 && n < 700 {
			return n
		}
	}
	return codes.Unknown
}

// recordedCause is the Q.850 cause in a text: a number, "17 User busy", or a name of
// ITU, Asterisk or FreeSWITCH; -1 if it is none.
func recordedCause(text string) int {
	number, _, _ := strings.Cut(text, " ")
	if n := digits(strings.TrimSuffix(number, ":")); n >= 0 && n <= 127 {
		return n
	}
	if n, ok := causeNames()[causeName(text)]; ok && text != "" {
		return n
	}
	return -1
}

var causeNames = sync.OnceValue(func() map[string]int {
	names := map[string]int{}
	for _, c := range codes.AllQ850() {
		for _, name := range [...]string{c.Name, c.FreeSWITCH, strings.TrimPrefix(c.Asterisk, "AST_CAUSE_")} {
			if n := causeName(name); n != "" && c.Vendor == "" {
				names[n] = c.Value
			}
		}
	}
	return names
})

func causeName(s string) string {
	if len(s) > 128 {
		return ""
	}
	return headerWord(strings.TrimPrefix(strings.ToUpper(s), "AST_CAUSE_"))
}

// unansweredOutcome is what became of a call nobody talked in, by its cause.
func unansweredOutcome(cause int) codes.Outcome {
	switch {
	case cause == 16:
		return codes.Abandoned
	case cause >= 17 && cause <= 21:
		return codes.User
	}
	entry, ok := codes.Q850(cause)
	if !ok {
		return codes.NotConnected
	}
	switch entry.Bucket {
	case "user":
		return codes.User
	case "normal", "unknown":
		return codes.NotConnected
	case "redirect":
		return codes.Redirected
	case "elsewhere":
		return codes.CompletedElsewhere
	}
	return codes.Failed
}
