using Microsoft.Data.Sqlite;

namespace Qua2SeDiMo.Studies.Storage;

/// <summary>Version of the loaded SQLite library.</summary>
internal static class SqliteVersion
{
    /// <summary>For instance <c>3.50.4</c>; reading it loads the native library.</summary>
    public static string Text
    {
        get
        {
            using var connection = new SqliteConnection("Data Source=:memory:");
            connection.Open();
            return connection.ServerVersion;
        }
    }
}
