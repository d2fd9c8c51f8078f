<?cs # foot.cs: from the end of the content to the end of the page ?><?cs if:page.command ?><details class="command">
<summary>Command line</summary>
<p>The same from a terminal:</p>
<pre data-copy="Command"><code><?cs var:page.command ?></code></pre>
</details>
<?cs /if ?></main>
<footer class="foot">
<ul>
<li>Times are in UTC; this page was made at <time datetime="<?cs var:page.now.iso ?>"><?cs var:page.now.date ?></time></li>
<li>Lazarette <?cs var:page.version ?></li>
<li>Request <code><?cs var:page.request ?></code></li>
<li><a href="/help">Help</a></li>
</ul>
</footer>
</body>
</html>
