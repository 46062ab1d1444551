package words

import (
	"maps"
	"sync"
)

// zh is all that the report says in Chinese. It is made when it is first asked for:
// the tables were 3 ms of the start of every command.
var zh = sync.OnceValue(func() map[string]string {
	return merged(zhReport(), zhRules(), zhTitles(), zhCodes(), zhMore())
})

// merged joins tables; of a key in two, TestNoKeyTwice tells.
func merged(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// zhReport is the report in Chinese: an English text, or a pattern with places ({}, or {#} for a number), and what
// it is in Chinese. SIP's own words (INVITE, 503 Service Unavailable, Q.850) stay.
func zhReport() map[string]string {
	return map[string]string{
		// Days.
		"Mon": "周一", "Tue": "周二", "Wed": "周三", "Thu": "周四", "Fri": "周五", "Sat": "周六", "Sun": "周日",

		// Title, sections, page.
		"call failures": "呼叫失败报告", "Verdict": "结论", "Findings": "发现", "Key figures": "关键指标", "Response classes and codes": "响应类别与响应码", "Codes": "响应码",
		"Causes of failures": "失败原因", "Causes": "原因", "Trunks, destinations, sources and devices": "中继、目的地、主叫与设备", "Trunks": "中继", "When": "时间分布",
		"What changed": "变化", "Changes": "变化", "Failover, retries and waiting": "切换、重试与等待", "Failover": "切换", "In the call": "通话中", "Action list": "措施清单", "Actions": "措施",
		"The calls behind the figures": "数字背后的呼叫", "Calls": "呼叫数", "Appendix: how this was counted": "附录:统计方法", "Appendix": "附录",
		"Skip to the report": "跳到报告", "Sections": "章节", "Dark": "深色", "Coverage": "数据覆盖", "Counted": "统计对象", "Sources": "数据源", "Rules": "规则", "Input": "输入",
		"of": "/", "Filter": "筛选", "sorted by": "排序:", "Show all calls": "显示全部呼叫", "All of them:": "全部呼叫:", "Calls:": "呼叫:",
		"{n} of the {all} calls behind this figure are in this file ({what}).": "此数字背后的 {all} 次呼叫中,{n} 次在本文件内({what})。", "in its stretch of time": "在该时段内", "all calls": "全部呼叫",
		"Calls of every kind, failures first, as many as the file holds. The id leads to ladder and raw lines.": "各类呼叫,失败在先,以文件容量为限。点击编号可看梯形图和原始行。",
		"Ladders and raw lines": "梯形图与原始行", "Messages": "消息", "Messages and records, with their place in the source.": "消息与记录,及其在数据源中的位置。", "Raw lines": "原始行",
		"Id": "编号", "Start": "开始", "From": "主叫", "To": "被叫", "Result": "结果", "Trunk": "中继", "Cause": "原因", "PDD": "PDD", "Talk": "通话", "Time": "时间", "Message": "消息", "Place": "位置",
		"counting rules": "计数规则", "times in": "时间:", "input checksum": "输入校验和", "The same input gives the same page.": "相同输入得到相同页面。", "The same input gives the same file.": "相同输入得到相同文件。",
		"No data {}: unknown, not zero.": "无数据 {}:未知,而非零。", "nothing to compare with": "无可比较", "before: {#}": "上期:{}", "now": "本期", "before": "上期",
		"Coverage {} of {} · counted: {} · sources {} · rules {} · input {}": "数据覆盖 {} / {} · 统计对象:{} · 数据源 {} 个 · 规则 {} · 输入 {}",
		"coverage {} of {}, scope {}, rules {}":                              "数据覆盖 {} / {},范围 {},规则 {}",
		"No calls are in this file.":                                         "本文件不含呼叫明细。", "They are listed by {}": "用此命令列出:{}", "No figures: nothing was counted.": "无指标:没有可统计的呼叫。",
		"No calls in {}.": "{} 内没有呼叫。", "No attempts in {}.": "{} 内没有尝试。", "{#} failed": "失败 {}",

		// Columns and captions.
		"Figure": "指标", "week before": "上周", "period before": "上期", "Difference": "差值", "Four-week median": "四周中位数", "Target": "目标", "Status": "状态", "met": "达到", "missed": "未达到", "unknown": "未知",
		"Class": "类别", "Code": "响应码", "Failed": "失败", "of all": "占全部", "of failures": "占失败", "Of failures": "占失败", "Sum": "累计", "Attempts": "尝试数", "Failure rate": "失败率", "Prefix": "号码前缀",
		"Source": "主叫", "User agent": "User-Agent", "User Agent": "User-Agent", "Hour": "小时", "Expected": "预期", "Mostly": "主要为", "Mark": "标记", "Step": "步骤", "Number": "数量", "What": "内容", "Path": "路径", "Format": "格式",
		"Records": "记录", "Rejected": "拒收", "First and last": "最早与最晚", "Zone": "时区", "Reason": "原因", "First place and sample": "首次出现与样例", "Evidence": "依据", "Whose": "责任方", "Check next week": "下周如何验证",
		"Value": "数值", "Band": "区间", "Weeks": "周数", "Availability": "可用率", "Minutes unavailable": "不可用分钟", "Minutes known": "已知分钟", "Counting ledger": "计数台账", "Left out of the headline": "未计入主要指标",
		"Rejected input": "被拒收的输入", "Warnings": "警告", "Definitions used": "所用定义", "Nothing.": "无。", "None.": "无。", "None: every record was read.": "无:所有记录均已读取。", "Worst hours": "最差的小时", "Incidents": "事件", "Days": "按日",
		"Availability of the trunks": "中继可用性", "By destination prefix": "按目的地前缀", "By source": "按主叫", "By user agent": "按 User-Agent", "By code": "按响应码", "By trunk": "按中继", "By prefix": "按前缀", "By hour": "按小时", "Unusual hours": "异常时段",
		"Response classes": "响应类别", "Response codes": "响应码", "Trouble after the answer": "应答后的问题", "Retries and refusals": "重试与拒绝", "(no trunk)": "(无中继)", "(none)": "(无)", "(unknown)": "(未知)", "(not named)": "(未标明)", "all": "全部",
		"Each with its Wilson 95 % interval where it is a ratio, and with what it was computed over.": "比率附 Wilson 95 % 置信区间及其分子分母。", "The name leads to its definition.": "点击名称看定义。",
		"Key figures of this section again.": "本节的关键指标。", "By class of the final response as the caller saw it.": "按主叫所见最终响应的类别。", "The rows add up to all {}.": "各行之和为全部{}。",
		"With meaning, what to check first and calls to look at.":                                            "附含义、首先检查的内容和可查看的呼叫。",
		"Code with the most telling of Q.850, Warning and phrase, up to 80 % of the failures or ten rows.":   "响应码与最能说明问题的 Q.850、Warning 或短语,列到失败的 80 % 或十行为止。",
		"Failure rate with its 95 % interval.":                                                               "失败率附 95 % 置信区间。",
		"The called number's longest known prefix; the twenty largest.":                                      "被叫号码的最长已知前缀;取最大的二十个。",
		"The calling number; the twenty with most failures.":                                                 "主叫号码;取失败最多的二十个。",
		"What the side that sent the request calls itself: one bad firmware shows here. The twenty largest.": "发出请求一方的自称:有问题的固件在此显现。取最大的二十个。",
		"The hours with most failures above what the period's rate gives for them.":                          "失败数超出本期失败率预期最多的小时。",
		"Calls with a mark, whatever became of them.":                                                        "带标记的呼叫,不论结果。",
		"Each step; = is what remains.":                                                                      "逐步列出;= 为剩余。",
		"Counted, and shown here only.":                                                                      "已计数,仅在此列出。",
		"Every input, with how its time zone was settled.":                                                   "全部输入及其时区的确定方式。",
		"By reason, with the first place and a sample.":                                                      "按原因,附首次位置与样例。",
		"What to do, on what evidence, whose it is, and how to see next week that it helped.":                "做什么、依据、责任方,以及下周如何验证效果。",
		"Stretches in which a figure left the band that the same hours of earlier weeks give.":               "指标偏离往周同一时段区间的时段。",
		"Unavailable: minutes with at least 3 attempts of which half or more failed by the network or for want of resources. Minutes without data are unknown.": "不可用:至少 3 次尝试且一半以上因网络或资源失败的分钟。无数据的分钟为未知。",
		"The difference has its 95 % interval; ▲ and ▼ stand only where it is significant and large enough to matter.":                                          "差值附 95 % 置信区间;▲ 和 ▼ 仅在显著且足够大时出现。",
		"The {} rows that tell most; {} more are in tables/changes.csv.":                                                                                        "此处为最有说明力的 {} 行;另 {} 行见 tables/changes.csv。",
		"Failed of all": "失败占全部", "Ended so, of all": "以此结束者占全部", "Changes by {}": "按 {} 的变化", "How the messages and records became {}, and what became of those.": "消息与记录如何成为{},及其结果。",
		"Baseline: there is no earlier period to compare with.":                                                             "基线:没有更早的时段可比较。",
		"The number of failures changed by {}: {} by the rates themselves, {} by the mix of the traffic, {} by its volume.": "失败数变化 {}:其中失败率本身 {},流量构成 {},流量大小 {}。",
		"No call was marked: none dropped, none without its ACK, no request inside a call that failed.":                     "没有带标记的呼叫:无掉话,无缺失 ACK,无通话中失败的请求。",
		"most failures: {}": "失败最多:{}",
		"{#} of {#}":        "{} / {}", "{#}, {#} of {#}": "{},{} / {}", "n = {}": "n = {}", "{#} to {#} pp": "{} 至 {} 个百分点", "{#} pp": "{} 个百分点", "{#} to {#}": "{} 至 {}",
		"low volume": "量少", "new": "新", "gone": "消失", "baseline": "基线", "bursty (φ = {})": "突发性(φ = {})", "{} causes more": "另有 {} 种原因", "1 cause more": "另有 1 种原因", "other": "其他",
		"{} left out: their records only say that nobody talked": "{} 次未计入:记录只说明未通话", "{} left out: their records carry no SIP code": "{} 次未计入:记录没有 SIP 响应码",
		"Most frequent cause:": "最常见原因:", "Check first:": "首先检查:",

		// Key figures and definitions.
		"Answered": "已应答", "Answer seizure ratio (ASR)": "应答占用比(ASR)", "Network effectiveness ratio (NER)": "网络接通率(NER)", "Session establishment ratio (SER)": "会话建立率(SER)",
		"Session establishment effectiveness ratio (SEER)": "会话建立有效率(SEER)", "Ineffective session attempts (ISA)": "无效会话尝试(ISA)", "Average length of conversation (ALOC, ACD)": "平均通话时长(ALOC、ACD)",
		"Post-dial delay (PDD), 50 % within": "拨号后延迟(PDD),50 % 以内", "Post-dial delay (PDD), 95 % within": "拨号后延迟(PDD),95 % 以内", "Calls at once, peak": "并发呼叫峰值", "Calls per second, busiest minute": "每秒呼叫数(最忙分钟)",
		"Short calls": "短呼叫", "Dropped calls": "掉话", "Answered without ACK": "应答后无 ACK", "Abandoned before ringing": "振铃前放弃", "Abandoned while ringing": "振铃中放弃", "Recovered by failover": "切换后恢复",
		"Ineffective registration attempts (IRA)": "无效注册尝试(IRA)", "Abandoned after a long wait": "久等后放弃",
		"Rated": "计入评价", "User, abandoned, failed": "用户、放弃、失败", "Interval": "置信区间", "Wilson 95 % interval of a proportion.": "比例的 Wilson 95 % 置信区间。",
		"A ratio over 0, or no data. Hours and days without data are unknown, not zero.":                                                                                                        "分母为 0 或无数据。无数据的小时和日期为未知,而非零。",
		"calls − redirected − in progress − completed elsewhere: what had a chance to be answered and is known to have ended.":                                                                  "呼叫 − 重定向 − 进行中 − 由其他分支接听:有机会被应答且已知结束者。",
		"user: busy, declined, no answer; abandoned: the caller hung up before an answer; failed: the network, the configuration or a device did not deliver. Only failed counts as a failure.": "用户:忙、拒接、无人接听;放弃:主叫在应答前挂断;失败:网络、配置或设备未能送达。只有“失败”计为失败。",

		// Outcomes, classes, marks.
		"answered": "已应答", "user": "用户", "abandoned": "放弃", "failed": "失败", "redirected": "重定向", "in progress": "进行中", "completed elsewhere": "由其他分支接听", "not connected": "未接通", "user & abandoned": "用户与放弃",
		"2xx success": "2xx 成功", "1xx only provisional": "1xx 仅临时响应", "3xx redirected": "3xx 重定向", "4xx request refused": "4xx 请求被拒", "5xx server failure": "5xx 服务器失败", "6xx global failure": "6xx 全局失败",
		"no response": "无响应", "no code recorded": "记录无响应码", "no code in the record": "记录无响应码", "not failed": "未失败", "recovered": "切换后恢复", "challenge unanswered": "认证质询未应答", "auth rejected": "认证被拒", "timeout": "超时",
		"provisional only": "仅临时响应", "transport error": "传输错误", "scanner": "扫描器", "dropped": "掉话", "no ack": "无 ACK", "midcall problem": "通话中问题", "reinvite rejected": "re-INVITE 被拒", "bye unanswered": "BYE 未应答", "one way": "单向",
		"calls {} = {}": "呼叫 {} = {}", "attempts {} = {}": "尝试 {} = {}", "{} + {}": "{} + {}", "answered {}": "已应答 {}", "user {}": "用户 {}", "abandoned {}": "放弃 {}", "failed {}": "失败 {}", "redirected {}": "重定向 {}",
		"in progress {}": "进行中 {}", "completed elsewhere {}": "由其他分支接听 {}", "not connected {}": "未接通 {}",
		"= {}": "= {}", "− {}": "− {}", "+ {}": "+ {}", "messages": "消息", "duplicates": "重复", "retransmissions": "重传", "transactions": "事务", "rejected": "拒收", "imported": "已导入", "by {}": "依据:{}",

		// Findings.
		"Where:": "位置:", "Cause:": "原因:", "Why:": "原因分析:", "Whose it is:": "责任方:", "On a New Rock device:": "在 New Rock 设备上:", "Speaks for it:": "支持的证据:", "Would speak against it:": "反对的证据:", "Confidence:": "置信度:",
		"ours": "我方", "the carrier": "运营商", "the customer": "客户", "carrier": "运营商", "customer": "客户", "trunk {}": "中继 {}", "code {}": "响应码 {}", "cause {}": "原因 {}", "prefix {}": "前缀 {}", "source {}": "主叫 {}", "device {}": "设备 {}", "user agent {}": "User-Agent {}",
		"where {} were to be expected.":                                        "次,预期 {} 次。",
		"where {} were to be expected; that explains {} of all such calls.":    "次,预期 {} 次;解释了全部此类呼叫的 {}。",
		"Its calls do not tell that it is over; the last of it was before {}.": "其呼叫不足以说明已结束;最后一次在 {} 之前。",
		"In the same hours {}, where {#} were to be expected, in records without a SIP code ({}): most likely the same trouble, seen by another box.": "同一时段:{},预期 {} 次,见于无 SIP 响应码的记录({}):很可能是另一台设备看到的同一问题。",
		"The same calls in another view: {}, where {#} were to be expected.":                                                                          "同一批呼叫的另一面:{},预期 {} 次。",

		"{} refuses calls and says when to come back: it is overloaded or in maintenance.":                                                                                                       "{} 拒绝呼叫并告知何时重试:其过载或在维护。",
		"Only calls over {} are concerned; the records name no SIP code, only {}.":                                                                                                               "只涉及经 {} 的呼叫;记录没有 SIP 响应码,只有 {}。",
		"Ask the carrier with times and Call-IDs; respect Retry-After and let a second trunk take over.":                                                                                         "带上时间和 Call-ID 询问运营商;遵守 Retry-After,并让第二条中继接替。",
		"Registration and OPTIONS state of {}, and the SIP log or a capture of those hours, which have the code; another finding of the same hours may be the same trouble seen by another box.": "检查 {} 的注册与 OPTIONS 状态,以及当时含响应码的 SIP 日志或抓包;同一时段的另一发现可能是另一台设备看到的同一问题。",
		"On an OM, a FAILED event with code 5 says that no trunk was free.":                                                                                                                      "在 OM 上,代码为 5 的 FAILED 事件表示没有空闲中继。",
		"{#} callers and {#} called numbers are concerned.":                                                                                                                                      "涉及 {} 个主叫和 {} 个被叫号码。", "The refusals say Retry-After: {} s.": "拒绝中带 Retry-After:{} 秒。",
		"It would be ours if the refusals began when conversations at once reached the channels of the contract.": "若拒绝始于并发达到合同通道数之时,则属我方。",
		"It would not be the trunk if the others failed alike.":                                                   "若其他中继同样失败,则不是该中继的问题。",
		"Attempts without these keys in the same time: {} of {} had it, {} were to be expected.":                  "同一时段不符合条件的尝试:{2} 次中 {1} 次如此,预期 {3}。",
		"The earlier weeks had {} such cases with these keys, where their usual rate gives {}.":                   "往周符合条件的此类情况 {} 次,按通常比率应为 {}。",
		"{} callers among the {} calls looked at; the busiest made {} % of them.":                                 "所查看的 {2} 次呼叫来自 {1} 个主叫;最忙者占 {3} %。",
		"No {} from {}.": "{2} 不再出现 {1}。", "The failure rate of {}.": "{} 的失败率。",

		"{#}  {}": "{}  {}", "all the {} busiest of {} callers": "最忙的 {} / {} 个主叫", "Failed of all the {} busiest of {} callers.": "失败占最忙的 {} 个主叫(共 {} 个)的全部。", "Ended so, of all.": "以此结束者占全部。", "Failed of all.": "失败占全部。",
		"{#} attempts on trunk {}": "中继 {2} 上 {1} 次尝试",

		// Verdict.
		"{} of {} calls failed ({}, 95 % interval {}); the week before: {} of {}, a significant change.":                         "{2} 次呼叫中 {1} 次失败({3},95 % 置信区间 {4});上周为 {6} 次中的 {5},变化显著。",
		"{} of {} calls failed ({}, 95 % interval {}); the week before: {} of {}, no significant change of the week as a whole.": "{2} 次呼叫中 {1} 次失败({3},95 % 置信区间 {4});上周为 {6} 次中的 {5},全周变化不显著。",
		"{} of {} calls failed ({}, 95 % interval {}); the week before: {} of {}.":                                               "{2} 次呼叫中 {1} 次失败({3},95 % 置信区间 {4});上周为 {6} 次中的 {5}。",
		"{} of {} calls failed ({}, 95 % interval {}); there is no data of the week before.":                                     "{2} 次呼叫中 {1} 次失败({3},95 % 置信区间 {4});没有上周的数据。",
		"{} of {} answered (ASR {}); the network did its part for {} of {} (NER {}).":                                            "{2} 次中 {1} 次应答(ASR {3});网络完成 {5} 次中的 {4} 次(NER {6})。",
		"{} of the failures ({} of {}) are {} from trunk {}, {} of them {}.":                                                     "失败的 {1}({3} 次中 {2} 次)为来自中继 {5} 的 {4},其中 {6} 次在 {7}。",
		"{} of the failures ({} of {}) are {} from trunk {}.":                                                                    "失败的 {1}({3} 次中 {2} 次)为来自中继 {5} 的 {4}。",
		"{}: {} of {} attempts were {} from trunk {}; the rate of the rest of the period gives {}.":                              "{1},{3} 次尝试中 {2} 次为来自中继 {5} 的 {4};按其余时段的比率应为 {6}。",
		"Sources cover {} of {} hours; the rest is unknown, not zero.":                                                           "数据源覆盖 {} / {} 小时;其余未知,而非零。",

		// Charts.
		"Calls by response class and day": "按日与响应类别的呼叫", "Calls without an answer, by response code": "未应答呼叫的响应码", "What became of the attempts on each trunk": "各中继上尝试的结果", "Failure rate by weekday and hour": "按星期与小时的失败率",
		"Answered (ASR) and network effectiveness (NER) by day": "按日的应答占用比(ASR)与网络接通率(NER)", "Post-dial delay": "拨号后延迟", "Causes of failures and what they add up to": "失败原因及其累计", "This period against the one before, by response code": "本期与上期对比(按响应码)",
		"What explains the failures": "失败的解释", "Trunks over the week: calls, registrations, OPTIONS, events": "一周内的中继:呼叫、注册、OPTIONS、事件", "Conversations at once": "同时通话数",
		"{} attempts on {} trunks": "{2} 条中继上 {1} 次尝试", "{} of {} calls; {} answered": "{2} 次呼叫中 {1} 次;{3} 次已应答", "{} of {} calls failed ({})": "{2} 次呼叫中 {1} 次失败({3})", "{#} calls failed": "{} 次呼叫失败", "{#} findings": "{} 项发现", "1 finding": "1 项发现",
		"{#}W{#} against {#}W{#}": "{}W{} 对比 {}W{}", "{} calls with a delay": "{} 次有延迟值的呼叫", "at most {}, {}": "最多 {},{}", "{} · {} failed": "{} · {} 失败",
		"Counted: calls": "统计对象:呼叫", "Counted: attempts": "统计对象:尝试", "Counted: calls by final response as the caller saw it": "统计对象:呼叫,按主叫所见最终响应", "hatched: no data": "斜线:无数据",
		"Counted: calls, final response as the caller saw it": "统计对象:呼叫,主叫所见最终响应", "% of all calls": "% 占全部呼叫", "colour: response class": "颜色:响应类别", "user: busy, declined, no answer": "用户:忙、拒接、无人接听", "abandoned: the caller hung up": "放弃:主叫挂断",
		"Counted: attempts on each trunk": "统计对象:各中继上的尝试", "failure rate = failed / (attempts − redirected − in progress − completed elsewhere), with Wilson 95 % interval": "失败率 = 失败 /(尝试 − 重定向 − 进行中 − 由其他分支接听),附 Wilson 95 % 置信区间",
		"Counted: calls by the hour in which they began": "统计对象:呼叫,按开始的小时", "failure rate = failed / (calls − redirected − in progress − completed elsewhere), in %": "失败率 = 失败 /(呼叫 − 重定向 − 进行中 − 由其他分支接听),%",
		"ASR: answered": "ASR:已应答", "NER: answered, busy, no answer and the like: what the network delivered (ITU-T E.425)": "NER:应答、忙、无人接听等,即网络已送达者(ITU-T E.425)", "bands: Wilson 95 %": "色带:Wilson 95 %", "the axis starts at {}": "纵轴始于 {}", "{#} in all": "合计 {}",
		"first INVITE to the first response that tells the caller something (RFC 6076 §4.3)": "从首个 INVITE 到首个对主叫有意义的响应(RFC 6076 §4.3)", "measured to {}": "测量精度 {}", "percentiles, never a mean": "用百分位,不用均值", "seconds": "秒",
		"Counted: calls that failed": "统计对象:失败的呼叫", "cause: code with the most telling of Q.850, Warning and phrase": "原因:响应码与最能说明问题的 Q.850、Warning 或短语", "causes are listed up to 80 % of all failures, ten at most": "列到全部失败的 80 %,最多十个", "sum": "累计", "other ({})": "其他({})",
		"share of all calls": "占全部呼叫", "difference in percentage points with its 95 % interval, widened where failures come in bursts": "差值(百分点)附 95 % 置信区间,突发时放宽", "in colour: significant (Benjamini-Hochberg 5 %) and large enough to matter, or new": "彩色:显著(Benjamini-Hochberg 5 %)且足够大,或为新出现",
		"more, and it matters": "增多且重要", "less, and it matters": "减少且重要", "share of all, each step ten times": "占全部,每格十倍", "difference": "差值", "share of all": "占全部",
		"bar: calls that failed so, of which grey was to be expected": "条形:如此失败的呼叫,灰色为预期", "lift: times as many as expected, with its 95 % interval": "提升:预期的倍数,附 95 % 置信区间", "combinations of at most three keys and a stretch of time": "最多三个条件与一个时段的组合",
		"expected": "预期", "above expectation": "超出预期", "{#} expected, lift {#} ({#})": "预期 {},提升 {}({})", "{#} expected": "预期 {}", "failure rate": "失败率", "50 % and more": "50 % 及以上", "under {#} %": "低于 {} %", "under {#} calls": "少于 {} 次呼叫", "no calls": "无呼叫", "0 % failed": "0 % 失败", "no data": "无数据",
		"colour: failure rate of the hour, as in the heat map": "颜色:该小时失败率,同热力图", "a quarter high: under 5 attempts": "四分之一高:少于 5 次尝试", "dark line: minutes with at least 3 attempts of which half or more failed": "深线:至少 3 次尝试且一半以上失败的分钟", "blank: nothing was tried, so nothing is known": "空白:没有尝试,故未知",
		"phone lost": "话机离线", "phone back": "话机恢复", "call refused": "呼叫被拒", "restart": "重启", "registrations": "注册", "events": "事件", "answered calls from answer to end": "已应答呼叫,从应答到结束", "the most at once in each quarter hour": "每刻钟的最大并发", "a flat top is a limit of channels or licences": "平顶意味着通道或许可达上限",
		"Call from {} to {}, {}": "{} 呼叫 {},{}", "Call from {} to {}": "{} 呼叫 {}", "{} answered, {} user, {} abandoned, {} failed": "应答 {},用户 {},放弃 {},失败 {}", "No failed calls in {}": "{} 内没有失败的呼叫", "No calls in {}": "{} 内没有呼叫", "No finding in {}": "{} 内没有发现",
		"No earlier period to compare with in {}": "{} 没有更早的时段可比较", "No attempts on a trunk in {}": "{} 内没有中继上的尝试", "{}: no source covers it": "{}:没有数据源覆盖", "Failed by response code": "按响应码的失败", "ASR by day": "按日 ASR",

		"{#} of {#} ({#})": "{} / {}({})", "{#} of {#} failed ({#})": "{2} 次中 {1} 次失败({3})", "{#} of {#} failed ({#}), fewer than {#}": "{2} 次中 {1} 次失败({3}),少于 {4} 次", "{#} of {#} {} failed ({#})": "{3} {2} 次中 {1} 次失败({4})",
		"{} {#}–{#} h": "{} {}–{} 时", "{#} s": "{} 秒", "{#} calls/s": "{} 次/秒", "sum down to here": "累计至此", "{#} of {#} failures ({#}), with those above {#}": "{2} 次失败中 {1} 次({3}),累计 {4}", "{#} failures": "{} 次失败",
		"{} now ({#} of {#})": "本期 {}({} / {})", "{#} before ({#} of {#})": "上期 {}({} / {})", "{#} calls in {}": "{2} 的 {1} 次呼叫", "{#} failed calls by cause": "{} 次失败呼叫的原因", "{#} trunks, {#} failed in all.": "{} 条中继,共 {} 次失败。",
		"{#} of {#} calls failed ({#}).": "{2} 次呼叫中 {1} 次失败({3})。", "Worst hours: {}": "最差的小时:{}", "{#} of {#} calls in {} were not answered.": "{3} 内 {2} 次呼叫中 {1} 次未应答。", "Most frequent: {}": "最多:{}", "Share of each response code": "各响应码占比",
		"Post-dial delay of {#} calls: half under {} (p50), 95 % under {} (p95), 99 % under {} (p99).": "{} 次呼叫的拨号后延迟:一半低于 {}(p50),95 % 低于 {}(p95),99 % 低于 {}(p99)。", "At most {#} conversations at once, on {}.": "最多同时 {} 路通话,{}。",
		"{#} · {} failed": "{} · 失败 {}",
		"Rows count attempts on each trunk: {#} attempts for {#} calls, since a call that tries several legs is an attempt on each.": "各行为每条中继上的尝试:{2} 次呼叫共 {1} 次尝试,因为试多条路由的呼叫在每条上各计一次。",

		// Definitions.
		"{}; ITU-T {}": "{};ITU-T {}", "{}; RFC {}": "{};RFC {}", "{}; callsift's own": "{};callsift 自定", "all of the scope that began in the period": "范围内本期开始的全部", "a 2xx to the INVITE, or an answered record": "INVITE 得到 2xx,或记录为已应答",
		"answered / {}": "已应答 / {}", "failed / {}": "失败 / {}", "(all - redirected - in progress - completed elsewhere)": "(全部 − 重定向 − 进行中 − 由其他分支接听)", "{} / (all - redirected - in progress - completed elsewhere)": "{} /(全部 − 重定向 − 进行中 − 由其他分支接听)",
		"(answered + busy + no answer + declined or unavailable)": "(已应答 + 忙 + 无人接听 + 拒接或不可用)", "{}, records that only say not connected left out": "{},只说未接通的记录不计",
		"INVITE with {} / {}": "INVITE 得到 {} / {}", "records without a SIP code, in progress and completed elsewhere not counted": "无 SIP 响应码、进行中和由其他分支接听者不计", "(all - 3xx)": "(全部 − 3xx)", "200, 480, 486, 600 or 603": "200、480、486、600 或 603", "408, 500, 503, 504 or no response": "408、500、503、504 或无响应",
		"time from answer to release / answered calls with a known end": "从应答到释放的时间 / 已知结束的已应答呼叫", "{#}th percentile of first response that tells the caller something - first INVITE": "首个对主叫有意义的响应 − 首个 INVITE 的第 {} 百分位", "most conversations at one time, from answer to release": "同一时刻最多的通话数,从应答到释放",
		"most calls begun in one minute / 60": "一分钟内开始最多的呼叫数 / 60", "answered calls under 6 s / answered calls with a known end": "6 秒以内的已应答呼叫 / 已知结束的已应答呼叫", "answered and released with a network cause / answered": "已应答且因网络原因释放 / 已应答",
		"the caller gave up before any ringing": "主叫在振铃前放弃", "the caller gave up while it rang": "主叫在振铃中放弃", "answered or a user's outcome after a failed attempt": "一次尝试失败后得到应答或用户结果", "REGISTER with 4xx but 401 and 407, 5xx, 6xx or no response / all that ended": "REGISTER 得到 401、407 以外的 4xx、5xx、6xx 或无响应 / 全部已结束者",

		// Ledger.
		"SIP messages read": "读取的 SIP 消息", "duplicates: the same message seen twice": "重复:同一消息见到两次", "retransmissions: sent again": "重传:再次发送", "messages used": "使用的消息", "transactions that they make up": "由其组成的事务", "inside a dialog: ACK, BYE, re-INVITE and others": "对话内:ACK、BYE、re-INVITE 等",
		"requests of other methods": "其他方法的请求", "folded: challenge answered, digits sent in parts": "合并:已应答的质询、分段发送的号码", "call attempts in SIP messages": "SIP 消息中的呼叫尝试", "call detail records read": "读取的话单", "call detail records used": "使用的话单", "attempts in the database": "数据库中的尝试",
		"further attempts of the same calls": "同一呼叫的后续尝试", "calls in the database": "数据库中的呼叫", "calls of the period": "本期的呼叫",

		// What codes mean and what to check first.
		"The record names no SIP code, so nobody can say from it alone which class the call belongs to.": "记录没有 SIP 响应码,仅凭它无法判断呼叫属于哪一类。", "Import the SIP log or a capture of the same hours: the call is then joined by numbers and time and gets its code.": "导入同一时段的 SIP 日志或抓包:呼叫会按号码与时间合并并得到响应码。",
		"The request was carried out; for an INVITE: the call was answered.": "请求已执行;对 INVITE 即呼叫已应答。", "Nothing to repair. If it keeps coming, its ACK does not arrive: check Contact, Record-Route and NAT between the two.": "无需处理。若反复出现,说明 ACK 未到达:检查双方之间的 Contact、Record-Route 与 NAT。",
		"The peer cannot take the call now: no channel free, overload, trunk down or maintenance.": "对端现在无法接受呼叫:无空闲通道、过载、中继中断或维护。", "Channels in use against licence and contract; registration and OPTIONS state of the trunk; then the carrier. Let a second trunk take over and respect Retry-After.": "对照许可与合同检查占用通道;中继的注册与 OPTIONS 状态;然后联系运营商。让第二条中继接替,并遵守 Retry-After。",
		"The call was ended before an answer, as a rule because the caller hung up.": "呼叫在应答前结束,通常因主叫挂断。", "Nothing to repair after ringing. Without ringing and after 5 s or more callers give up on silence: look at post-dial delay.": "振铃之后无需处理。若未振铃且超过 5 秒,主叫因无声而放弃:查看拨号后延迟。",
		"The called phone or line is busy.": "被叫话机或线路忙。", "Normal. Many at once on one trunk, answered within a fraction of a second: the channel limit of the trunk or all FXO lines taken, not people.": "正常。若某中继上同时大量出现且瞬间返回:是中继通道上限或 FXO 线路占满,而非用户忙。",
		"The callee is known but cannot be reached now: not registered, do not disturb, or it rang out.": "被叫已知但现在无法到达:未注册、免打扰或振铃超时。", "Before ringing: is the extension registered? On OM look for its OFFLINE event, on Asterisk `pjsip show contacts`. After ringing: nobody picked up, no fault.": "振铃前:分机是否注册?在 OM 上查 OFFLINE 事件,在 Asterisk 上用 `pjsip show contacts`。振铃后:无人接听,不是故障。",
		"The number or user does not exist at this peer.": "该对端没有此号码或用户。", "Compare the dialled digits with what the peer wants (+, 00, trunk prefix): dial plan. Inbound: is the DID assigned on the PBX, and does the trunk land in the right context?": "比较所拨号码与对端要求的格式(+、00、出局前缀):拨号方案。呼入:PBX 上是否分配了该 DID,中继是否进入正确的上下文?",
		"The peer does not understand the type of the body or a media type offered in it.": "对端不理解消息体类型或其中的媒体类型。", "Is the body more than plain SDP (several parts, ISUP inside)? Which m= lines does the offer have? New Rock gateways refuse offers with a T.140 m=text line: switch real-time text off on the calling side.": "消息体是否不只是 SDP(多部分、含 ISUP)?offer 有哪些 m= 行?New Rock 网关拒绝带 T.140 m=text 行的 offer:在主叫侧关闭实时文本。",
		"The callee, or a rule in the callee's name, refused the call.": "被叫或其规则拒绝了呼叫。", "Reject key or do not disturb: no fault. With \"Network Blocked\" in the phrase the carrier's spam analysis stopped it: caller number reputation.": "拒接键或免打扰:不是故障。短语含 \"Network Blocked\" 时是运营商的骚扰分析拦截:检查主叫号码信誉。",
		"The number is too short to be routed.": "号码太短,无法路由。", "Digit map and inter-digit timeout of the gateway (MX/HX) or phone; missing area code. A longer INVITE right after it is overlap dialling and normal.": "检查网关(MX/HX)或话机的拨号规则与位间超时;是否缺区号。紧接着有更长的 INVITE 则为重叠拨号,正常。",
		"Nothing came back at all: the request was sent, sent again, and given up.": "完全没有回应:请求已发送、重发并放弃。", "Ping the next hop with OPTIONS from the same box; then firewall, NAT, DNS, wrong port or transport, peer powered off.": "从同一设备用 OPTIONS 探测下一跳;然后检查防火墙、NAT、DNS、错误的端口或传输方式、对端断电。",
		"A server on the way waited for its next hop and got nothing in time.": "途中的服务器等待下一跳而未及时得到回应。", "Before ringing: next hop down, DNS, firewall, NAT binding lost, TLS session gone; check trunk registration and OPTIONS ping. After ringing: nobody picked up.": "振铃前:下一跳故障、DNS、防火墙、NAT 绑定丢失、TLS 会话中断;检查中继注册与 OPTIONS。振铃后:无人接听。",
		"Something went wrong inside the peer; proxies also turn a 503 they got into this.": "对端内部出错;代理也会把收到的 503 转成此码。", "Log of the peer at that second: licences, memory, database, scripts. Behind a proxy look for the 503 of the next hop.": "查对端当时的日志:许可、内存、数据库、脚本。在代理之后则查下一跳的 503。",

		// Sheets and their columns.
		"kpis": "指标", "codes": "响应码", "trunks": "中继", "days": "按日", "trend": "趋势", "heatmap": "热力图", "incidents": "事件段", "findings": "发现", "actions": "措施", "pareto": "失败原因", "prefixes": "前缀", "callers": "主叫", "user agents": "用户代理", "worst hours": "最差小时",
		"changes": "变化", "marks": "标记", "availability": "可用性", "anomalies": "异常", "targets": "目标", "lanes": "逐小时", "load": "并发", "ledger": "台账", "excluded": "未计入", "sources": "数据源", "rejects": "拒收", "pdd": "PDD",
		"name": "名称", "label": "说明", "unit": "单位", "value": "数值", "low": "下限", "high": "上限", "numerator": "分子", "denominator": "分母", "previous": "上期", "note": "备注", "definition": "定义", "class": "类别", "code": "响应码", "count": "总数", "of finals": "占全部", "top cause": "最常见原因",
		"meaning": "含义", "first check": "首先检查", "trunk": "中继", "top code": "最多的响应码", "first": "最早", "last": "最晚", "day": "日期", "data": "有数据", "rated": "计入评价", "weekday": "星期", "hour": "小时", "state": "状态", "from": "从", "to": "至", "cause": "原因", "rank": "序号", "title": "标题", "keys": "条件",
		"excess": "超出", "share": "占比", "confidence": "置信度", "owner": "责任方", "why": "原因分析", "setting": "设备设置", "evidence": "依据", "refute": "反证", "finding": "发现", "what": "内容", "verify": "验证", "by": "维度", "key": "键", "median": "中位数", "weeks": "周数", "minutes": "分钟", "unavailable": "不可用", "available": "可用率",
		"step": "步骤", "path": "路径", "format": "格式", "records": "记录", "reason": "原因", "sample": "样例", "time": "时间", "kind": "种类", "device": "设备", "subject": "对象", "text": "文字", "peak": "峰值", "begun": "新呼叫", "method": "方法",
	}
}
