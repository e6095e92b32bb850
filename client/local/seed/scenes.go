package seed

func supportScene() scene {
	return scene{
		topic: "Returns and refunds", arc: "Frustration -> Relief",
		system:   "You answer for a small shop that sells household things. You are warm, brief and exact. You never promise what the order system does not show, and you always name the next step.",
		personas: []string{"Ines - first order", "Tomasz - regular customer", "Priya - buying a gift", "Leon - in a hurry"},
		words: map[string][]string{
			"item":  {"kettle", "desk lamp", "wool blanket", "coffee grinder", "wall clock", "bread tin"},
			"day":   {"Monday", "Tuesday", "Thursday", "Friday"},
			"order": {"4471", "5120", "6093", "7718", "8240"},
			"sum":   {"18.40", "32.00", "54.90", "79.50", "120.00"},
		},
		openings: []string{
			"My {item} came on {day} and it is cracked. What now?",
			"I ordered a {item} under number {order} and I want to send it back.",
			"You took {sum} from my card twice for one {item}.",
			"Where is my {item}? The page says delivered since {day}.",
			"Can I swap the {item} for another colour?",
		},
		followUps: []string{
			"And who pays for the parcel?", "How long until I see the {sum} again?",
			"I no longer have the box, is that a problem?", "Do I need to print something?",
			"Could I have a voucher instead?", "I am away from {day} on, can it be picked up earlier?",
		},
		feelings: []string{
			"I am sorry, that is not how a {item} should arrive.", "Thank you for telling me right away.",
			"I understand, let us sort this out.", "Good question.", "I have order {order} open in front of me.",
		},
		advice: []string{
			"I have put a prepaid label in your account; hand in the parcel at any post office.",
			"The refund of {sum} goes back to the same card within five working days.",
			"Any sturdy box will do, the label is all the driver needs.",
			"A courier can come on {day} between nine and twelve.",
			"We have the {item} in grey and in green; tell me which and I reserve it.",
			"The second charge is a hold and will lapse by {day} without you doing anything.",
		},
		closings: []string{
			"Is there anything else about order {order}?", "Write to me here if nothing has come by {day}.",
			"I will check again on {day} and tell you what I see.",
		},
	}
}

func moneyScene() scene {
	return scene{
		topic: "First budget", arc: "Confusion -> Clarity",
		system:   "You are a calm guide to everyday money. You do not sell anything. You work with the numbers the person has, you explain one idea at a time, and you end with one small step.",
		personas: []string{"Ann - teacher", "Marek - new father", "Rosa - freelancer", "Dev - first job"},
		words: map[string][]string{
			"goal":   {"a cushion for three months", "a used car", "the move next spring", "paying off the card"},
			"income": {"1900", "2350", "2800", "3400"},
			"rent":   {"640", "780", "910", "1150"},
			"gap":    {"60", "120", "180", "240"},
		},
		openings: []string{
			"I earn {income} a month and nothing is left. Where do I start?",
			"Rent is {rent}, and I would like {goal}. Is that silly?",
			"Everybody says make a budget. I have tried and it never holds.",
			"We want {goal} but we argue about every number.",
		},
		followUps: []string{
			"What if a month goes wrong?", "I feel stupid for not knowing this.",
			"Should I keep it in a separate account?", "My income changes every month, does that still work?",
			"And the small things, coffee and so on?",
		},
		feelings: []string{
			"That is a very common place to be.", "It makes sense that this feels heavy.",
			"You have already done the hard part by writing down {rent}.", "Let us go slowly.",
		},
		advice: []string{
			"Take one sheet: what comes in, {income}, and what must go out, {rent} first of all.",
			"Put {gap} aside on the day the money comes, not at the end of the month.",
			"A plan that bends survives; leave a tenth of it free for surprises.",
			"With changing income, plan with the lowest month of the last six.",
			"For {goal} the date matters more than the sum: pick the date first.",
			"The coffee is fine, it is the forgotten subscriptions that eat {gap}.",
		},
		closings: []string{
			"For this week: only write things down, change nothing.", "Shall we look at {goal} again in a month?",
			"One step is enough for today: move {gap} on payday.",
		},
	}
}

func careScene() scene {
	return scene{
		topic: "Difficult talk at work", arc: "Fear -> Confidence",
		system:   "You help people prepare for a hard conversation. You listen first, name what you hear without drama, and practise sentences with them. You do not diagnose and you refer to professionals when there is danger.",
		personas: []string{"Yuki - team lead", "Samira - nurse", "Oleg - engineer", "Carla - apprentice"},
		words: map[string][]string{
			"who":  {"my manager", "a colleague", "the whole team", "my trainer"},
			"what": {"the missed deadline", "my hours", "the way we speak in meetings", "a mistake of mine"},
			"when": {"tomorrow morning", "on Friday", "at the next review", "this afternoon"},
		},
		openings: []string{
			"I have to talk to {who} about {what} and I cannot sleep.",
			"{when} I am supposed to explain {what}. I will freeze.",
			"I wrote three mails to {who} and deleted all of them.",
		},
		followUps: []string{
			"What if they get angry?", "I do not want to sound weak.", "Could you say it for me once?",
			"My voice shakes when it matters.", "Maybe I should just leave it.",
		},
		feelings: []string{
			"It sounds as if {what} has been on your mind for a while.", "I hear fear, and also that you care.",
			"Freezing is what a body does when much is at stake.", "That is a fair worry.",
		},
		advice: []string{
			"Start with one sentence about {what}, only what a camera would have seen.",
			"Try: I would like to find a way together, when would suit you?",
			"If {who} gets loud, you may say: I would like to go on when we are both calm.",
			"Breathe out before the first word; silence of two seconds is not long for them.",
			"Write the one thing you need on a card and take it with you {when}.",
		},
		closings: []string{
			"Do you want to practise it once with me?", "Whatever comes {when}, you prepared well.",
			"Tell me afterwards how it went.",
		},
	}
}

func japaneseScene() scene {
	return scene{
		topic: "配送の問い合わせ", arc: "不安 -> 安心",
		system:   "あなたは小さな雑貨店の窓口です。短く、丁寧に、次の一歩を伝えてください。",
		personas: []string{"佐藤さん", "田中さん", "Zoë Ångström", "Nguyễn Văn An"},
		words: map[string][]string{
			"item": {"やかん", "毛布", "時計", "茶碗"},
			"day":  {"月曜日", "水曜日", "金曜日"},
		},
		openings:  []string{"{item}がまだ届きません。", "{day}に届いた{item}が割れていました 😢", "{item}を返品できますか？"},
		followUps: []string{"送料はかかりますか？", "{day}までに届きますか？", "箱がなくても大丈夫ですか？"},
		feelings:  []string{"ご不便をおかけして申し訳ありません。", "ご連絡ありがとうございます。"},
		advice:    []string{"{day}に新しい{item}をお送りします 📦", "送料は当店が負担いたします。", "どの箱でも大丈夫です。"},
		closings:  []string{"{day}にもう一度ご連絡します。", "ほかにご質問はありますか？"},
	}
}

// hostileScene has what must not reach a terminal as it is.
func hostileScene() scene {
	return scene{
		topic: "\x1b[31mRed\x1b[0m topic", arc: "calm -> \u202egnihton",
		system:    "Answer plainly.\x1b]0;stolen title\x07",
		personas:  []string{"Mallory \x1b[2J", "tab\there"},
		words:     map[string][]string{"x": {"\x1b[5mblink\x1b[0m", "bell\x07", "back\x08\x08space", "nul-ish\x7f"}},
		openings:  []string{"Does {x} show?", "line one\nline two {x}", "\u202eright to left {x}"},
		followUps: []string{"And \x1b[10;10Hthere?", "More {x}\u200b\u200dplease"},
		feelings:  []string{"Here is {x}.", "\u009b31m also C1."},
		advice:    []string{"Keep it on one line.", "Strip \x1bP1;2q sixel \x1b\\ too.", "Wide: ＷＩＤＥ 👩‍👩‍👧 e\u0301\u0301\u0301"},
		closings:  []string{"Done.\r", "End.\x1b[?1049l"},
	}
}
