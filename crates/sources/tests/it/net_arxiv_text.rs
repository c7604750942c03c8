//! Made-up answers in the shapes of arXiv's services.

/// An entry of the query API.
pub(crate) fn atom_entry(id: &str, title: &str) -> String {
    format!(
        "<entry><id>http://arxiv.org/abs/{id}</id><updated>2026-11-20T10:00:00Z</updated>\
         <published>2026-11-19T09:00:00Z</published><title>{title}</title>\
         <summary>  We do\n things. </summary><author><name>Ada Writer</name>\
         <arxiv:affiliation>Lab &amp; Co</arxiv:affiliation></author><author><name>Ben Other</name></author>\
         <arxiv:comment>5 pages</arxiv:comment><arxiv:journal_ref>J. 1 (2026)</arxiv:journal_ref>\
         <arxiv:doi>10.1000/J.1</arxiv:doi><link href=\"http://arxiv.org/abs/{id}\" rel=\"alternate\"/>\
         <arxiv:primary_category term=\"cs.CL\"/><category term=\"cs.AI\"/><category term=\"cs.CL\"/>\
         <category term=\"68T50\"/></entry>"
    )
}

/// An answer of the query API.
pub(crate) fn atom(total: u32, start: u32, entries: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\" \
         xmlns:opensearch=\"http://a9.com/-/spec/opensearch/1.1/\" xmlns:arxiv=\"http://arxiv.org/schemas/atom\">\
         <title>ArXiv Query</title><opensearch:totalResults>{total}</opensearch:totalResults>\
         <opensearch:startIndex>{start}</opensearch:startIndex>\
         <opensearch:itemsPerPage>200</opensearch:itemsPerPage>{}</feed>",
        entries.concat()
    )
}

/// Entries with numbers from `from` to before `to`.
pub(crate) fn atom_entries(from: u32, to: u32) -> Vec<String> {
    (from..to)
        .map(|n| atom_entry(&format!("2611.{n:05}v1"), &format!("Paper {n}")))
        .collect()
}

/// An item of an announcement feed.
pub(crate) fn rss_item(id: &str, kind: &str) -> String {
    format!(
        "<item><title>Title of {id}</title><link>https://arxiv.org/abs/{id}</link>\
         <description>arXiv:{id}v1 Announce Type: {kind} \nAbstract: About $x &lt; y$ of {id}.</description>\
         <guid isPermaLink=\"false\">oai:arXiv.org:{id}v1</guid><category>cs.CL</category><category>cs.LG</category>\
         <pubDate>Mon, 23 Nov 2026 00:00:00 -0500</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>\
         <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>\
         <dc:creator>Ada Writer, Ben Other</dc:creator></item>"
    )
}

/// An announcement feed.
pub(crate) fn rss(date: &str, items: &[String]) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><rss xmlns:arxiv=\"http://arxiv.org/schemas/atom\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:atom=\"http://www.w3.org/2005/Atom\" version=\"2.0\">\
         <channel><title>cs.CL updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.CL</link>\
         <pubDate>{date} 00:00:00 -0500</pubDate><skipDays><day>Sunday</day><day>Saturday</day></skipDays>\
         {}</channel></rss>",
        items.concat()
    )
}

/// A section of a listing page: heading, papers shown, papers of the whole section.
pub(crate) fn listing_section(name: &str, ids: &[&str], of: usize) -> String {
    let rows: String = ids
        .iter()
        .enumerate()
        .map(|(n, id)| {
            format!(
                "<dt><a name='item{n}'>[{n}]</a> <a href =\"/abs/{id}\" title=\"Abstract\" id=\"{id}\">\n\
                 arXiv:{id}</a> [<a href=\"/pdf/{id}\">pdf</a>]</dt>\
                 <dd><p>As in <a href=\"/abs/1706.03762\">arXiv:1706.03762</a>.</p></dd>"
            )
        })
        .collect();
    format!(
        "<h3>{name} (showing {} of {of} entries)</h3>{rows}",
        ids.len()
    )
}

/// A listing page.
pub(crate) fn listing(day: &str, total: usize, sections: &[String]) -> String {
    format!(
        "<html><body><h1>Computation and Language</h1><h3>Showing new listings for {day}</h3>\
         <div class='paging'>Total of {total} entries</div><dl id='articles'>{}</dl></body></html>",
        sections.concat()
    )
}

/// A record of a harvest.
pub(crate) fn oai_record(id: &str, datestamp: &str) -> String {
    format!(
        "<record><header><identifier>oai:arXiv.org:{id}</identifier><datestamp>{datestamp}</datestamp>\
         <setSpec>cs:cs:CL</setSpec></header><metadata><arXivRaw xmlns=\"http://arxiv.org/OAI/arXivRaw/\">\
         <id>{id}</id><submitter>Ada Writer</submitter>\
         <version version=\"v1\"><date>Mon, 2 Nov 2026 19:18:42 GMT</date><size>9kb</size><source_type>D</source_type></version>\
         <version version=\"v2\"><date>Tue, 3 Nov 2026 20:00:00 GMT</date><size>9kb</size></version>\
         <title>Title of {id}</title><authors>C. Bal\\'azs, Ben Other (ETH)</authors>\
         <categories>cs.CL stat.ML</categories><license>http://arxiv.org/licenses/nonexclusive-distrib/1.0/</license>\
         <abstract>  About things.</abstract></arXivRaw></metadata></record>"
    )
}

/// A page of a harvest. The token comes with the attributes given.
pub(crate) fn oai(records: &[String], token: Option<(&str, &str)>) -> String {
    let token = token.map_or(String::new(), |(attributes, token)| {
        format!("<resumptionToken {attributes}>{token}</resumptionToken>")
    });
    oai_page(&format!(
        "<ListRecords>{}{token}</ListRecords>",
        records.concat()
    ))
}

/// An error of the protocol.
pub(crate) fn oai_error(code: &str) -> String {
    oai_page(&format!("<error code=\"{code}\">No.</error>"))
}

fn oai_page(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\">\
         <responseDate>2026-11-23T07:00:00Z</responseDate><request verb=\"ListRecords\">x</request>{inside}</OAI-PMH>"
    )
}
